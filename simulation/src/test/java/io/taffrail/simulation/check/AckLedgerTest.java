package io.taffrail.simulation.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.replication.AppendOutcome;
import io.taffrail.simulation.SimulationOptions;
import io.taffrail.simulation.check.AckLedger.OpenLeader;
import io.taffrail.streams.CommitMode;
import io.taffrail.streams.Durability;
import io.taffrail.streams.ReplicationMode;
import io.taffrail.wal.record.EntryHeader;
import io.taffrail.wal.record.EntryType;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The table of what is promised, cell by cell and fault by fault, for three voters of which node 0 leads epoch 1: each
/// loss that it permits is permitted, each other one is a violation.
class AckLedgerTest {
    private static final long MILLI = SimulationOptions.MILLI;

    private final SimulationOptions options = LongStream.iterate(1, seed -> seed + 1)
            .mapToObj(SimulationOptions::of)
            .filter(drawn -> drawn.nodes() == 3)
            .findFirst()
            .orElseThrow();
    private final FaultHistory history = new FaultHistory();
    private final AckLedger ledger = new AckLedger(options, history);

    AckLedgerTest() {
        history.voters(0, Set.of(0, 1, 2));
    }

    private static final class Log implements LogContents {
        private final TreeMap<Long, ObservedEntry> entries = new TreeMap<>();

        Log with(int... numbers) {
            for (var number : numbers) {
                var header = new EntryHeader(number, 100, 100L * number, 1, 0, EntryType.RECORDS);
                entries.put(header.lsn(), new ObservedEntry(header, null, null));
            }
            return this;
        }

        @Override
        public long startLsn() {
            return 0;
        }

        @Override
        public long endLsn() {
            return entries.isEmpty()
                    ? 0
                    : entries.lastEntry().getValue().header().endLsn();
        }

        @Override
        public @Nullable ObservedEntry at(long lsn) {
            return entries.get(lsn);
        }
    }

    /// What happens between the acknowledgement and the next leader, in whose log the record is missing.
    enum Fault {
        LEADER_CRASHES,
        LEADER_CRASHES_AND_TESTIFIES,
        LEADER_CRASHES_AND_LEADS_AGAIN,
        LEADER_IS_DEPOSED_AND_LEADS_AGAIN,
        FOLLOWER_CRASHES,
        TWO_CRASH,
        TWO_CRASH_UNDECLARED,
        ALL_LOSE_POWER,
        LEADER_IS_CUT_OFF,
        ONE_DISK_FAILS,
        TWO_DISKS_FAIL
    }

    private OpenLeader next(Fault fault) {
        switch (fault) {
            case LEADER_CRASHES, LEADER_CRASHES_AND_TESTIFIES, LEADER_CRASHES_AND_LEADS_AGAIN ->
                history.unclean(10 * MILLI, 0);
            case FOLLOWER_CRASHES -> history.unclean(10 * MILLI, 2);
            case TWO_CRASH, TWO_CRASH_UNDECLARED -> {
                history.unclean(10 * MILLI, 0);
                history.unclean(11 * MILLI, 1);
            }
            case ALL_LOSE_POWER -> {
                for (var node = 0; node < 3; node++) {
                    history.unclean(10 * MILLI, node);
                }
            }
            case ONE_DISK_FAILS -> fail(0);
            case TWO_DISKS_FAIL -> {
                fail(0);
                fail(1);
            }
            case LEADER_IS_DEPOSED_AND_LEADS_AGAIN, LEADER_IS_CUT_OFF -> {}
        }
        return switch (fault) {
            case LEADER_CRASHES_AND_TESTIFIES -> opened(1, 1, 2, false, List.of(0, 1), new Log());
            case ALL_LOSE_POWER -> opened(1, 1, 2, true, List.of(0, 1), new Log());
            case LEADER_CRASHES_AND_LEADS_AGAIN -> opened(0, 2, 2, false, List.of(0, 1), new Log());
            case LEADER_IS_DEPOSED_AND_LEADS_AGAIN -> opened(0, 1, 2, false, List.of(0, 1), new Log());
            default -> opened(1, 1, 2, fault == Fault.TWO_CRASH, List.of(1, 2), new Log());
        };
    }

    private static OpenLeader opened(
            int nodeId, int life, long epoch, boolean declaresLoss, List<Integer> testified, Log log) {
        return new OpenLeader(nodeId, life, epoch, testified, declaresLoss ? List.of(testified) : List.of(), log);
    }

    private void fail(int node) {
        history.damaged(10 * MILLI, node);
        history.unclean(10 * MILLI, node);
    }

    private static Acknowledgement ack(CommitMode commit, ReplicationMode replication, int number, long atNanos) {
        return ack(commit, replication, number, atNanos, 1);
    }

    private static Acknowledgement ack(
            CommitMode commit, ReplicationMode replication, int number, long atNanos, long leaderEpoch) {
        var outcome = new AppendOutcome.Acknowledged(
                number, 1, 100L * number, 100L * number + 100, 1, new Durability(commit, replication), 2, 2, false);
        return new Acknowledgement(number, 0, 1, atNanos, outcome, leaderEpoch, 1, number);
    }

    private void acknowledge(CommitMode commit, ReplicationMode replication, int number, long atNanos) {
        ledger.acknowledged(ack(commit, replication, number, atNanos));
    }

    private static void breaks(String invariant, Runnable step) {
        var violation = assertThrows(InvariantViolation.class, step::run);
        assertTrue(String.valueOf(violation.getMessage()).startsWith(invariant), violation.getMessage());
    }

    @ParameterizedTest
    @CsvSource({
        // A/A, S/A, A/Q, S/Q, A/All, S/All: whether it may be lost
        "LEADER_CRASHES,                    true,  true,  false, false, false, false",
        "LEADER_CRASHES_AND_TESTIFIES,      true,  false, false, false, false, false",
        "LEADER_CRASHES_AND_LEADS_AGAIN,    true,  false, false, false, false, false",
        "LEADER_IS_DEPOSED_AND_LEADS_AGAIN, false, false, false, false, false, false",
        "FOLLOWER_CRASHES,                  true,  true,  false, false, false, false",
        "TWO_CRASH,                         true,  true,  true,  false, true,  false",
        "TWO_CRASH_UNDECLARED,              true,  true,  false, false, false, false",
        "ALL_LOSE_POWER,                    true,  false, true,  false, true,  false",
        "LEADER_IS_CUT_OFF,                 true,  true,  false, false, false, false",
        "ONE_DISK_FAILS,                    true,  true,  false, false, false, false",
        "TWO_DISKS_FAIL,                    true,  true,  true,  true,  true,  true"
    })
    void judgesEachCellOfTheTable(
            Fault fault,
            boolean asyncAsync,
            boolean syncAsync,
            boolean asyncQuorum,
            boolean syncQuorum,
            boolean asyncAll,
            boolean syncAll) {
        assertEquals(asyncAsync, mayLose(fault, CommitMode.ASYNC, ReplicationMode.ASYNC), "Async/Async");
        assertEquals(syncAsync, mayLose(fault, CommitMode.SYNC, ReplicationMode.ASYNC), "Sync/Async");
        assertEquals(asyncQuorum, mayLose(fault, CommitMode.ASYNC, ReplicationMode.QUORUM), "Async/Quorum");
        assertEquals(syncQuorum, mayLose(fault, CommitMode.SYNC, ReplicationMode.QUORUM), "Sync/Quorum");
        assertEquals(asyncAll, mayLose(fault, CommitMode.ASYNC, ReplicationMode.ALL), "Async/All");
        assertEquals(syncAll, mayLose(fault, CommitMode.SYNC, ReplicationMode.ALL), "Sync/All");
    }

    private static boolean mayLose(Fault fault, CommitMode commit, ReplicationMode replication) {
        var run = new AckLedgerTest();
        run.acknowledge(commit, replication, 1, MILLI);
        try {
            run.ledger.opened(run.next(fault));
        } catch (InvariantViolation violation) {
            return false;
        }
        return run.ledger.lost().values().stream().mapToInt(Integer::intValue).sum() == 1;
    }

    @Test
    void whatIsThereIsNotLost() {
        acknowledge(CommitMode.SYNC, ReplicationMode.QUORUM, 1, MILLI);
        ledger.opened(opened(1, 1, 2, false, List.of(1, 2), new Log().with(1)));
        assertEquals(1, ledger.standing().size());
        assertTrue(ledger.lost().isEmpty());
    }

    @Test
    void otherBytesInTheSamePlaceAreALoss() {
        acknowledge(CommitMode.SYNC, ReplicationMode.QUORUM, 1, MILLI);
        var log = new Log();
        log.entries.put(100L, new ObservedEntry(new EntryHeader(4711, 100, 100, 2, 0, EntryType.RECORDS), null, null));
        breaks(AckLedger.SURVIVE, () -> ledger.opened(opened(1, 1, 2, false, List.of(1, 2), log)));
    }

    @Test
    void aCrashThatIsOverBeforeTheAcknowledgementExcusesNothing() {
        history.unclean(1, 0);
        history.unclean(2, 1);
        history.clean(3, 0);
        history.clean(4, 1);
        acknowledge(CommitMode.ASYNC, ReplicationMode.QUORUM, 1, MILLI);
        breaks(AckLedger.SURVIVE, () -> ledger.opened(opened(1, 1, 2, true, List.of(1, 2), new Log())));
    }

    @Test
    void aSilentVoterIsCountedWithThoseThatHaveForgotten() {
        acknowledge(CommitMode.ASYNC, ReplicationMode.QUORUM, 1, MILLI);
        history.unclean(10 * MILLI, 1);
        ledger.opened(opened(2, 1, 2, true, List.of(1, 2), new Log()));
        assertEquals(1, ledger.lost().get(AckLedger.Excuse.DECLARED_MEMORY_LOSS));
    }

    @Test
    void whatAnEpochThatNeverOpenedGaveUpStaysLostThoughItsSuccessorHearsWhoHoldsIt() {
        acknowledge(CommitMode.ASYNC, ReplicationMode.QUORUM, 1, MILLI);
        history.unclean(10 * MILLI, 1);
        ledger.opened(new OpenLeader(2, 1, 4, List.of(0, 2), List.of(List.of(1, 2)), new Log()));
        assertEquals(1, ledger.lost().get(AckLedger.Excuse.DECLARED_MEMORY_LOSS));
    }

    @Test
    void whoIsSilentInAnElectionThatDeclaresNothingExcusesNothing() {
        acknowledge(CommitMode.ASYNC, ReplicationMode.QUORUM, 1, MILLI);
        history.unclean(10 * MILLI, 1);
        var allWereHeard = List.of(List.of(0, 1, 2));
        breaks(AckLedger.SURVIVE, () -> ledger.opened(new OpenLeader(2, 1, 4, List.of(1, 2), allWereHeard, new Log())));
    }

    @Test
    void aSilentVoterThatHasForgottenIsCountedOnce() {
        acknowledge(CommitMode.ASYNC, ReplicationMode.QUORUM, 1, MILLI);
        history.unclean(10 * MILLI, 0);
        history.clean(11 * MILLI, 0);
        breaks(AckLedger.SURVIVE, () -> ledger.opened(opened(2, 1, 2, true, List.of(1, 2), new Log())));
    }

    @Test
    void whatIsLostIsASuffix() {
        acknowledge(CommitMode.ASYNC, ReplicationMode.ASYNC, 1, MILLI);
        acknowledge(CommitMode.SYNC, ReplicationMode.QUORUM, 2, 2 * MILLI);
        history.unclean(10 * MILLI, 0);
        breaks("LossIsASuffix", () -> ledger.opened(opened(1, 1, 2, false, List.of(1, 2), new Log().with(2))));
    }

    @Test
    void whatMemoryLosesLiesWithinTheWindow() {
        var late = 10 * options.timing().writerDelayNanos() + SimulationOptions.SECOND;
        acknowledge(CommitMode.ASYNC, ReplicationMode.QUORUM, 1, MILLI);
        acknowledge(CommitMode.ASYNC, ReplicationMode.QUORUM, 2, late);
        history.unclean(late + 1, 0);
        history.unclean(late + 1, 1);
        breaks("LossStaysInTheWindow", () -> ledger.opened(opened(1, 1, 2, true, List.of(1, 2), new Log())));
    }

    /// Acknowledged before and after a second in which the clock of `stopped` stood still. Nodes 1 and 2 are heard.
    private void loseWhatWasAcknowledgedAroundAStandstill(int stopped) {
        acknowledge(CommitMode.ASYNC, ReplicationMode.QUORUM, 1, 10 * MILLI);
        history.clockStops(11 * MILLI, stopped);
        history.clockGoesOn(11 * MILLI + SimulationOptions.SECOND, stopped);
        var after = 12 * MILLI + SimulationOptions.SECOND;
        acknowledge(CommitMode.ASYNC, ReplicationMode.QUORUM, 2, after);
        history.unclean(after + 1, 0);
        history.unclean(after + 1, 1);
        ledger.opened(opened(1, 1, 2, true, List.of(1, 2), new Log()));
    }

    @Test
    void theWindowIsMeasuredByTheClockOfWhoeverLostIt() {
        loseWhatWasAcknowledgedAroundAStandstill(1);
        assertEquals(2, ledger.lost().get(AckLedger.Excuse.DECLARED_MEMORY_LOSS));
    }

    @Test
    void theClockOfWhoeverWasNotHeardExcusesNothing() {
        breaks("LossStaysInTheWindow", () -> loseWhatWasAcknowledgedAroundAStandstill(0));
    }

    @Test
    void clocksThatStandStillTogetherDoSoOnce() {
        history.clockStops(10, 1);
        history.clockStops(20, 2);
        history.clockGoesOn(30, 1);
        history.clockGoesOn(50, 2);
        history.clockStops(70, 0);
        assertEquals(40, history.stoodStillNanos(List.of(1, 2), 0, 100));
        assertEquals(25, history.stoodStillNanos(List.of(1, 2), 25, 60));
        assertEquals(30, history.stoodStillNanos(List.of(0), 0, 100));
    }

    @Test
    void aLossThatWasDeclaredStaysDeclaredWhenALaterLeaderMissesNothing() {
        ledger.opened(opened(1, 1, 3, true, List.of(0, 1), new Log().with(1)));
        ledger.opened(opened(1, 1, 4, false, List.of(0, 1), new Log().with(1)));
        assertTrue(ledger.wasLossDeclared());
    }

    @Test
    void noLossIsDeclaredByLeadersThatMissNothing() {
        ledger.opened(opened(1, 1, 2, false, List.of(0, 1), new Log().with(1)));
        assertFalse(ledger.wasLossDeclared());
    }

    @Test
    void aDeposedLeaderMayOnlyAcknowledgeWhatItsSuccessorHas() {
        ledger.opened(opened(1, 1, 2, false, List.of(1, 2), new Log().with(1)));
        acknowledge(CommitMode.SYNC, ReplicationMode.QUORUM, 1, MILLI);
        breaks(AckLedger.SURVIVE, () -> acknowledge(CommitMode.SYNC, ReplicationMode.QUORUM, 2, 2 * MILLI));
    }

    @Test
    void aLeaderThatIsAboutToSayThatItIsOpenMayAcknowledgeWhatTheOneBeforeNeverHad() {
        ledger.opened(opened(1, 1, 2, false, List.of(1, 2), new Log()));
        ledger.acknowledged(ack(CommitMode.SYNC, ReplicationMode.QUORUM, 1, MILLI, 3));
        ledger.opened(opened(0, 1, 3, false, List.of(0), new Log().with(1)));
        assertEquals(1, ledger.standing().size());
    }

    @Test
    void whatALeaderAcknowledgedThatWasAboutToSayThatItIsOpenMustBeInItsLog() {
        ledger.opened(opened(1, 1, 2, false, List.of(1, 2), new Log()));
        ledger.acknowledged(ack(CommitMode.SYNC, ReplicationMode.QUORUM, 1, MILLI, 3));
        breaks(AckLedger.SURVIVE, () -> ledger.opened(opened(0, 1, 3, false, List.of(0), new Log())));
    }

    @Test
    void aDeposedLeaderAcknowledgesNoRepeatedBatchOfAnEarlierOneThatItsSuccessorLacks() {
        ledger.opened(opened(1, 1, 3, false, List.of(1, 2), new Log()));
        breaks(AckLedger.SURVIVE, () -> ledger.acknowledged(ack(CommitMode.SYNC, ReplicationMode.QUORUM, 1, MILLI, 2)));
    }
}
