package io.taffrail.simulation.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.simulation.check.ReaderSession.Level;
import io.taffrail.wal.record.EntryHeader;
import io.taffrail.wal.record.EntryType;
import org.junit.jupiter.api.Test;

/// What a reader may be given, and what not.
class ReaderSessionTest {
    private final ReaderSession durable = new ReaderSession("reader", Level.DURABLE);
    private final ReaderSession replicated = new ReaderSession("reader", Level.REPLICATED);

    /// `number` is LSN / 100, the offset of its only record, and the entry's checksum.
    private static ObservedEntry entry(int number, int chainPrevious, int sequence) {
        var header = new EntryHeader(number + 1, 100, 100L * number, 1, chainPrevious, EntryType.RECORDS);
        return new ObservedEntry(header, new ObservedEntry.Batch(1, number, 1, 9, 1, sequence, 77), null);
    }

    private static ObservedEntry entry(int number) {
        return entry(number, number, number);
    }

    private static void breaks(String invariant, Runnable read) {
        var violation = assertThrows(InvariantViolation.class, read::run);
        assertTrue(String.valueOf(violation.getMessage()).startsWith(invariant), violation.getMessage());
    }

    @Test
    void readsOnAtAnotherReplica() {
        durable.given("node 0", entry(0));
        assertTrue(durable.goesOnFrom("node 1", 1, false));
        durable.given("node 1", entry(1));
        assertEquals(200, durable.nextLsn());
    }

    @Test
    void beginsAnewWhereTheLogIsTrimmed() {
        durable.given("node 0", entry(0));
        durable.startAt(500);
        assertTrue(durable.goesOnFrom("node 1", 99, false));
        durable.given("node 1", entry(5, 99, 5));
        assertEquals(600, durable.nextLsn());
    }

    @Test
    void durableReadsAreRepeatableEvenIfALossIsDeclared() {
        durable.given("node 0", entry(0));
        breaks("ReadsAreRepeatable", () -> durable.goesOnFrom("node 1", 4711, true));
    }

    @Test
    void durableReadsAreNotForgotten() {
        durable.given("node 0", entry(0));
        breaks("ReadsAreRepeatable", () -> durable.goesOnFrom("node 1", null, true));
    }

    @Test
    void replicatedReadsAreTruncatedOnlyByADeclaredLoss() {
        replicated.given("node 0", entry(0));
        breaks("ReadsAreRepeatable", () -> replicated.goesOnFrom("node 1", 4711, false));
        assertFalse(replicated.goesOnFrom("node 1", 4711, true));
    }

    @Test
    void refusesAGap() {
        durable.given("node 0", entry(0));
        breaks("ReadsFollowEachOther", () -> durable.given("node 0", entry(2)));
    }

    @Test
    void refusesTheSameEntryAgain() {
        durable.given("node 0", entry(0));
        breaks("ReadsFollowEachOther", () -> durable.given("node 0", entry(0)));
    }

    @Test
    void refusesAnotherChain() {
        durable.given("node 0", entry(0));
        breaks("ReadsFollowEachOther", () -> durable.given("node 0", entry(1, 4711, 1)));
    }

    @Test
    void refusesAMissingOffset() {
        durable.given("node 0", entry(0));
        var header = new EntryHeader(2, 100, 100, 1, 1, EntryType.RECORDS);
        var skips = new ObservedEntry(header, new ObservedEntry.Batch(1, 2, 1, 9, 1, 1, 77), null);
        breaks("ReadsHaveNoGaps", () -> durable.given("node 0", skips));
    }

    @Test
    void refusesASequenceThatComesTwice() {
        durable.given("node 0", entry(0));
        breaks("SequencesOccurOnce", () -> durable.given("node 0", entry(1, 1, 0)));
    }
}
