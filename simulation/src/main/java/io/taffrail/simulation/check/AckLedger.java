package io.taffrail.simulation.check;

import io.taffrail.simulation.SimulationOptions;
import io.taffrail.streams.CommitMode;
import io.taffrail.streams.ReplicationMode;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Everything that clients were told is done, and whether it is still there when a leader opens and at the end.
/// What is missing is judged by the cell that was acknowledged and by what happened since: the table of
/// replication/README.md, "What is promised". Records that are rightly lost are counted and looked for no more.
public final class AckLedger {
    public static final String SURVIVE = "CommittedRecordsSurvive";
    /// What is measured by the true clock was promised by nodes' clocks and reported over a network.
    private static final double CLOCK_SLACK = 1.3;

    /// Why a record may be missing; null: it may not.
    public enum Excuse {
        ASYNC_REPLICATION,
        /// More volumes than may fail have refused a write or a flush.
        FAILED_DISKS,
        /// The last flushed bytes of a volume changed, nothing behind them tells, and something else failed as well.
        SILENT_DAMAGE,
        /// The plan of a forced recovery said so: it lies beyond the log that went on.
        GIVEN_UP,
        DECLARED_MEMORY_LOSS
    }

    /// A leader that has opened.
    ///
    /// @param life of its process
    /// @param testified the nodes whose logs it chose from
    /// @param lossyElections the nodes that each election since the last leader chose from which says that records
    ///     acknowledged from memory may be missing; not all of them need have opened
    public record OpenLeader(
            int nodeId,
            int life,
            long epoch,
            List<Integer> testified,
            List<List<Integer>> lossyElections,
            LogContents log) {
        public OpenLeader {
            testified = List.copyOf(testified);
            lossyElections = List.copyOf(lossyElections);
        }

        boolean declaresLoss() {
            return !lossyElections.isEmpty();
        }
    }

    /// What a person accepted the loss of: whatever was acknowledged until then and lies beyond the end of the log that
    /// goes on, or in an epoch of which that log knows nothing.
    private record GivenUp(long atNanos, long lastLsn, long lastEpoch) {
        boolean names(Acknowledgement ack) {
            return ack.atNanos() <= atNanos && (ack.outcome().lsnEnd() > lastLsn || ack.entryEpoch() > lastEpoch);
        }
    }

    private final SimulationOptions options;
    private final FaultHistory history;
    private final List<Acknowledgement> standing = new ArrayList<>();
    private final List<GivenUp> givenUp = new ArrayList<>();
    private final EnumMap<Excuse, Integer> lost = new EnumMap<>(Excuse.class);
    private @Nullable OpenLeader newest;
    private int acknowledged;
    private boolean lossDeclared;

    public AckLedger(SimulationOptions options, FaultHistory history) {
        this.options = options;
        this.history = history;
    }

    public void acknowledged(Acknowledgement ack) {
        acknowledged++;
        var leader = newest;
        // Not the entry's epoch: in the turn in which the leader of a forced recovery opens, and before it says so, it
        // may acknowledge a repeated batch that the former history's last leader never had. `opened` judges that one.
        if (leader != null && leader.epoch() > ack.leaderEpoch()) {
            // A deposed leader may complete what was on its way, if the record is its successor's too.
            if (isMissing(ack, leader.log())) {
                judge(ack, leader, true);
                return;
            }
        }
        standing.add(ack);
    }

    /// A forced recovery begins: its plan, which was made at `atNanos`, said where the log ends that goes on.
    public void givenUp(long atNanos, long lastLsn, long lastEpoch) {
        givenUp.add(new GivenUp(atNanos, lastLsn, lastEpoch));
    }

    /// `log` is fresh.
    public void opened(OpenLeader leader) {
        lossDeclared |= leader.declaresLoss();
        var kept = new ArrayList<Acknowledgement>();
        var missing = new ArrayList<Acknowledgement>();
        for (var ack : standing) {
            (isMissing(ack, leader.log()) ? missing : kept).add(ack);
        }
        var fromMemory = new ArrayList<Acknowledgement>();
        for (var ack : missing) {
            if (judge(ack, leader, false) == Excuse.DECLARED_MEMORY_LOSS) {
                fromMemory.add(ack);
            }
        }
        checkSuffix(kept, missing);
        checkWindow(fromMemory, leader);
        standing.clear();
        standing.addAll(kept);
        newest = leader;
    }

    private static boolean isMissing(Acknowledgement ack, LogContents log) {
        var lsn = ack.outcome().lsnStart();
        if (lsn < log.startLsn()) {
            return false;
        }
        var entry = log.at(lsn);
        return entry == null || entry.header().crc() != ack.entryCrc();
    }

    private Excuse judge(Acknowledgement ack, OpenLeader leader, boolean afterwards) {
        var excuse = excuse(ack, leader);
        if (excuse == null) {
            throw new InvariantViolation(
                    SURVIVE,
                    "%s%s is not in the log of node %s, which opened epoch %s%s; log ends at %s; more voters unclean at once than tolerated since: %s, damaged: %s"
                            .formatted(
                                    ack,
                                    afterwards ? ", acknowledged by a deposed leader," : "",
                                    leader.nodeId(),
                                    leader.epoch(),
                                    leader.declaresLoss() ? " and declares loss" : "",
                                    leader.log().endLsn(),
                                    history.wereTooManyUncleanSince(ack.atNanos()),
                                    history.wereTooManyDamagedSince(ack.atNanos())));
        }
        lost.merge(excuse, 1, Integer::sum);
        return excuse;
    }

    private @Nullable Excuse excuse(Acknowledgement ack, OpenLeader leader) {
        var reached = ack.outcome().reached();
        // Nobody led between the two, so the log of the former leader is the best that there can be.
        var followsAtOnce = leader.epoch() == ack.entryEpoch() + 1;
        if (reached.replicationMode() == ReplicationMode.ASYNC) {
            var kept = switch (reached.commitMode()) {
                case ASYNC -> leader.nodeId() == ack.nodeId() && leader.life() == ack.life();
                case SYNC -> leader.testified().contains(ack.nodeId()) && !history.wasEverDamaged(ack.nodeId());
            };
            return followsAtOnce && kept ? null : Excuse.ASYNC_REPLICATION;
        }
        if (leader.declaresLoss() && givenUp.stream().anyMatch(recovery -> recovery.names(ack))) {
            return Excuse.GIVEN_UP;
        }
        if (history.wereTooManyDamagedSince(ack.atNanos())) {
            return Excuse.FAILED_DISKS;
        }
        if (history.wasSilentlyDamagedSince(ack.atNanos())) {
            return Excuse.SILENT_DAMAGE;
        }
        if (reached.commitMode() == CommitMode.SYNC) {
            return null;
        }
        // A majority of sound logs that waited long enough for a silent voter goes on without it, and says so. Its
        // epoch need not open: a later election that hears that voter as well adopts the log of the newer epoch.
        var beyond = history.wereTooManyUncleanSince(ack.atNanos())
                || leader.lossyElections().stream()
                        .anyMatch(heard -> history.wereTooManyUncleanOrSilentSince(ack.atNanos(), heard));
        return beyond && leader.declaresLoss() ? Excuse.DECLARED_MEMORY_LOSS : null;
    }

    /// I19: what is lost of an epoch is its end.
    private static void checkSuffix(List<Acknowledgement> kept, List<Acknowledgement> missing) {
        for (var ack : missing) {
            for (var other : kept) {
                if (other.entryEpoch() == ack.entryEpoch()
                        && other.outcome().lsnStart() > ack.outcome().lsnStart()) {
                    throw new InvariantViolation(
                            "LossIsASuffix", ack + " is lost, " + other + " of the same epoch is not");
                }
            }
        }
    }

    /// What memory lost was acknowledged within three writer delays, by the clocks of those that were heard: each
    /// record was counted at one of them, whose gate let it pass. A clock stands still while its machine sleeps.
    private void checkWindow(List<Acknowledgement> missing, OpenLeader leader) {
        var heard = new TreeSet<>(leader.testified());
        leader.lossyElections().forEach(heard::addAll);
        var byEpoch = new TreeMap<Long, long[]>();
        for (var ack : missing) {
            var span = byEpoch.computeIfAbsent(ack.entryEpoch(), epoch -> new long[] {Long.MAX_VALUE, Long.MIN_VALUE});
            span[0] = Math.min(span[0], ack.atNanos());
            span[1] = Math.max(span[1], ack.atNanos());
        }
        var limit = (long) (3 * options.timing().writerDelayNanos() * CLOCK_SLACK) + 100 * SimulationOptions.MILLI;
        byEpoch.forEach((epoch, span) -> {
            var nanos = span[1] - span[0] - history.stoodStillNanos(heard, span[0], span[1]);
            if (nanos > limit) {
                throw new InvariantViolation(
                        "LossStaysInTheWindow",
                        "epoch %s lost acknowledgements of %s ns, the window is %s ns".formatted(epoch, nanos, limit));
            }
        });
    }

    public int acknowledgedCount() {
        return acknowledged;
    }

    /// Whether the log of some leader says that records acknowledged from memory may be missing. The epoch that says
    /// so need not have opened: its leader may have been deposed, and the next one misses nothing of that log.
    public boolean wasLossDeclared() {
        return lossDeclared;
    }

    public List<Acknowledgement> standing() {
        return standing;
    }

    public Map<Excuse, Integer> lost() {
        return lost;
    }
}
