package io.taffrail.simulation.check;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.replication.protocol.Integrity;
import io.taffrail.replication.protocol.LogPosition;
import io.taffrail.replication.protocol.Message;
import io.taffrail.replication.protocol.Watermarks;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Node 0 leads epoch 1 of three voters, has received 100 and flushed 90.
class CountedCopiesTest {
    private static final String LEADER = "node 0 life 1";
    private static final List<Set<Integer>> THREE = List.of(Set.of(0, 1, 2), Set.of(), Set.of());

    private final CountedCopies copies = new CountedCopies();

    @BeforeEach
    void nodeOneJoins() {
        welcomes(1, 11);
    }

    private void welcomes(int follower, long session) {
        copies.welcomed(LEADER, follower, new Message.Welcome(1, 0, session, LogPosition.EMPTY, 0));
    }

    private void hears(int follower, long session, Integrity integrity, long received, long flushed) {
        copies.heard(LEADER, follower, new Message.Acknowledge(1, session, integrity, received, received, flushed, 0));
    }

    private void counts(long received, long flushed) {
        copies.advanced(LEADER, 0, 1, new Watermarks(100, 90, received, flushed, 0, 0), THREE);
    }

    @Test
    void whatAFollowerAcknowledgesCounts() {
        hears(1, 11, Integrity.INTACT, 95, 60);
        assertDoesNotThrow(() -> counts(95, 60));
        assertThrows(InvariantViolation.class, () -> counts(96, 60));
        assertThrows(InvariantViolation.class, () -> counts(95, 61));
    }

    @Test
    void whereMemoryDoesNotCountWhatIsFlushedDoes() {
        hears(1, 11, Integrity.AMNESIC, 95, 60);
        assertDoesNotThrow(() -> counts(60, 60));
    }

    @Test
    void aSuspectCopyIsNone() {
        hears(1, 11, Integrity.SUSPECT, 95, 60);
        assertThrows(InvariantViolation.class, () -> counts(95, 0));
        assertThrows(InvariantViolation.class, () -> counts(0, 60));
    }

    @Test
    void whatWasCountedBeforeItOpenedShowsInItsFirstReport() {
        hears(1, 11, Integrity.INTACT, 95, 60);
        welcomes(1, 12);
        assertDoesNotThrow(() -> counts(95, 60));
        assertThrows(InvariantViolation.class, () -> counts(96, 61));
    }

    @Test
    void whatAnIntactOneSaidBeforeItOpenedShowsInItsFirstReport() {
        hears(1, 11, Integrity.INTACT, 95, 60);
        hears(1, 11, Integrity.SUSPECT, 95, 60);
        assertDoesNotThrow(() -> counts(95, 60));
        hears(1, 11, Integrity.SUSPECT, 96, 61);
        assertThrows(InvariantViolation.class, () -> counts(96, 61));
    }

    @Test
    void whatWasSaidBeforeItJoinedAgainIsForgotten() {
        counts(0, 0);
        hears(1, 11, Integrity.INTACT, 95, 60);
        welcomes(1, 12);
        hears(1, 11, Integrity.INTACT, 95, 60);
        hears(1, 12, Integrity.AMNESIC, 50, 50);
        assertThrows(InvariantViolation.class, () -> counts(95, 0));
        assertDoesNotThrow(() -> counts(50, 50));
    }

    @Test
    void whatWasCountedOnceStaysCounted() {
        hears(1, 11, Integrity.INTACT, 95, 60);
        counts(95, 60);
        welcomes(1, 12);
        assertDoesNotThrow(() -> counts(95, 60));
    }

    @Test
    void whatAFollowerHasCalledFlushedIsKnownWhenItHasLostItAndJoinedAgain() {
        hears(1, 11, Integrity.INTACT, 95, 60);
        welcomes(1, 12);
        hears(1, 11, Integrity.INTACT, 95, 70);
        hears(1, 12, Integrity.SUSPECT, 80, 80);
        assertTrue(copies.hasHeardOf(LEADER, 1, 1, 60));
        assertFalse(copies.hasHeardOf(LEADER, 1, 1, 61));
        assertFalse(copies.hasHeardOf(LEADER, 1, 2, 60));
        assertFalse(copies.hasHeardOf(LEADER, 2, 1, 60));
    }

    @Test
    void aLearnerDoesNotCount() {
        welcomes(3, 13);
        hears(3, 13, Integrity.INTACT, 95, 60);
        assertThrows(InvariantViolation.class, () -> counts(95, 60));
    }
}
