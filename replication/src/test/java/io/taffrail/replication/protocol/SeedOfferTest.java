package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A seed is of use only with the log from its end on: the leader keeps that for whoever copies one.
class SeedOfferTest {
    private static final long MINUTE = 60_000_000_000L;

    private final Transcript transcript = new Transcript(3);
    private final CoreNode leader = transcript.node(0);
    private long offeredLsn;

    @BeforeEach
    void nodeTwoIsOfferedOne() {
        transcript.command("cut", "0", "2");
        transcript.command("tick", "0", "2000");
        transcript.command("deliver");
        transcript.command("append", "0", "5");
        transcript.command("deliver");
        assertTrue(leader.core.isOpen());
        offeredLsn = leader.end().lsn();
        leader.step(2000, new Event.Tick(0, offeredLsn));
        joins(2000);
        assertEquals(2, leader.offered.getLast().to());
        transcript.command("append", "0", "5");
        transcript.command("deliver");
    }

    private void says(long now, Message message) {
        leader.core.step(now, new Event.Received(2, CoreNode.member(2).storageId(), 1, message));
    }

    private void joins(long now) {
        leader.step(
                now,
                new Event.Received(
                        2,
                        CoreNode.member(2).storageId(),
                        1,
                        new Message.Join(1, 1, Integrity.INTACT, 0, LogPosition.EMPTY, List.of())));
    }

    private boolean keepsTheLogAt(long now) {
        leader.core.step(now, new Event.ShipReady(2));
        return leader.core.neededByMembersLsn(_ -> false) == offeredLsn;
    }

    @Test
    void keepsTheLogForTenMinutes() {
        assertTrue(keepsTheLogAt(2000));
        assertTrue(keepsTheLogAt(9 * MINUTE));
        assertFalse(keepsTheLogAt(11 * MINUTE));
    }

    @Test
    void keepsTheLogWhileTheSeedIsCopied() {
        for (var minute = 5; minute < 55; minute += 5) {
            says(minute * MINUTE, new Message.SeedRequest(1, "a.checkpoint", 0));
            assertTrue(keepsTheLogAt((minute + 4) * MINUTE), "after " + minute + " minutes");
        }
    }

    /// 1. The copy fails. 2. The follower joins again, and is offered the same. 3. And so on.
    @Test
    void doesNotKeepTheLogForOneThatNeverComesToAnEnd() {
        for (var minute = 5; minute < 65; minute += 5) {
            joins(minute * MINUTE);
            says(minute * MINUTE, new Message.SeedRequest(1, "a.checkpoint", 0));
        }
        assertFalse(keepsTheLogAt(62 * MINUTE));
        // The log was trimmed, so this is another offer.
        offeredLsn = leader.end().lsn();
        leader.step(2001, new Event.Tick(0, offeredLsn));
        joins(63 * MINUTE);
        assertTrue(keepsTheLogAt(64 * MINUTE));
    }

    @Test
    void endsWhenTheFollowerJoinsWithIt() {
        var at = leader.log.stream()
                .filter(entry -> entry.end().lsn() == offeredLsn + 20)
                .findFirst()
                .orElseThrow()
                .end();
        says(3000, new Message.Join(1, 2, Integrity.INTACT, offeredLsn, at, List.of(new EpochStart(1, 0, 0, 0))));
        leader.core.step(3000, new Event.ShipReady(2));
        assertEquals(offeredLsn + 20, leader.core.neededByMembersLsn(_ -> false));
    }
}
