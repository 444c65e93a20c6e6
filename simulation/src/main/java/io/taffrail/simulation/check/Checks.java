package io.taffrail.simulation.check;

import io.taffrail.replication.codec.ControlEntryCodec;
import io.taffrail.replication.protocol.Effect;
import io.taffrail.simulation.ClusterSettings;
import io.taffrail.simulation.SimulationOptions;
import io.taffrail.streams.CommitMode;
import io.taffrail.streams.ReplicationMode;
import io.taffrail.wal.WalStats;
import io.taffrail.wal.record.EntryType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/// All checkers of a run.
public final class Checks {
    /// A turn of the loop and a nap of the disk between the gate's decision and the report.
    private static final long WINDOW_SLACK_NANOS = 2 * SimulationOptions.MILLI;

    private final SimulationOptions options;
    private final FaultHistory history = new FaultHistory();
    private final AckLedger ledger;
    private final OneLeaderPerEpoch oneLeader = new OneLeaderPerEpoch();
    private final EpochsOnlyGrow epochs = new EpochsOnlyGrow();
    private final LogIdentity identity = new LogIdentity();
    private final LogsAgreeUpToCommit agreement = new LogsAgreeUpToCommit(history);
    private final CommittedIsNeverCut cuts = new CommittedIsNeverCut(history);
    private final WatermarksOnlyGrow watermarks = new WatermarksOnlyGrow();
    private final ClientHistory clients = new ClientHistory();
    private final IncarnationsOnlyGrow incarnations = new IncarnationsOnlyGrow();
    private final GatesClose gates;
    private final LeasesEnd leases;
    private final ConfigurationsAreLogged configurations = new ConfigurationsAreLogged();
    private final ReserveIsKept reserve = new ReserveIsKept(ClusterSettings.RESERVE_BYTES);
    private final SaidIsDurable said = new SaidIsDurable();
    private final CountedCopies copies = new CountedCopies();
    private final FetchesGetOn fetches = new FetchesGetOn();
    private final FailedDisksAreNoticed failedDisks = new FailedDisksAreNoticed();

    public Checks(SimulationOptions options) {
        this.options = options;
        this.ledger = new AckLedger(options, history);
        this.gates = new GatesClose(options);
        this.leases = new LeasesEnd(options);
    }

    public FaultHistory history() {
        return history;
    }

    public AckLedger ledger() {
        return ledger;
    }

    public OneLeaderPerEpoch oneLeader() {
        return oneLeader;
    }

    public EpochsOnlyGrow epochs() {
        return epochs;
    }

    public LogIdentity identity() {
        return identity;
    }

    public LogsAgreeUpToCommit agreement() {
        return agreement;
    }

    public CommittedIsNeverCut cuts() {
        return cuts;
    }

    public WatermarksOnlyGrow watermarks() {
        return watermarks;
    }

    public ClientHistory clients() {
        return clients;
    }

    public IncarnationsOnlyGrow incarnations() {
        return incarnations;
    }

    public GatesClose gates() {
        return gates;
    }

    public ConfigurationsAreLogged configurations() {
        return configurations;
    }

    public ReserveIsKept reserve() {
        return reserve;
    }

    public LeasesEnd leases() {
        return leases;
    }

    public SaidIsDurable said() {
        return said;
    }

    public CountedCopies copies() {
        return copies;
    }

    public FetchesGetOn fetches() {
        return fetches;
    }

    public FailedDisksAreNoticed failedDisks() {
        return failedDisks;
    }

    /// I9: whoever has opened holds the entry that begins its epoch, flushed on a majority with all before it.
    public Effect.EpochBegin epochBegin(ObservedLog log, long epoch, List<Electorate> electorates) {
        for (var entry : log.newestFirst()) {
            var control = entry.control();
            if (entry.header().type() == EntryType.EPOCH_BEGIN && entry.header().epoch() == epoch && control != null) {
                var header = entry.header();
                if (!hold(electorates, copy -> copy.holdsFlushed(header.lsn(), header.crc()))) {
                    throw new InvariantViolation(
                            "OpenMeansQuorumDurable",
                            "the beginning of epoch %s is not flushed on a majority of the voters: %s"
                                    .formatted(epoch, electorates));
                }
                return ControlEntryCodec.epochBegin(control.duplicate());
            }
        }
        throw new InvariantViolation("OpenMeansBegun", "no EPOCH_BEGIN of the epoch %s that is open".formatted(epoch));
    }

    /// Whom each election that declared a loss since `epoch` has heard, also one whose leader never opened.
    public List<List<Integer>> lossyElectionsSince(ObservedLog log, long epoch) {
        var elections = new ArrayList<List<Integer>>();
        for (var entry : log.newestFirst()) {
            var control = entry.control();
            if (entry.header().epoch() <= epoch) {
                break;
            }
            if (entry.header().type() == EntryType.EPOCH_BEGIN && control != null) {
                var begin = ControlEntryCodec.epochBegin(control.duplicate());
                if (begin.possibleLoss()) {
                    elections.add(begin.testified());
                }
            }
        }
        return elections;
    }

    /// The voters of a configuration, and the logs of those that can be looked at.
    public record Electorate(int voters, List<ObservedLog> logs) {
        @Override
        public String toString() {
            return "%s voters, known %s".formatted(voters, logs);
        }
    }

    /// I15, for the strongest promise: the entry is flushed on a majority of the voters of the newest configuration
    /// or, since what was counted before it was appended stays counted, of the one before, or of one that was
    /// appended this instant. What was flushed stays so when its process dies. A volume that is damaged now is
    /// among those that may fail: it held what its replica had told the leader.
    public void durableOnQuorum(Acknowledgement ack, String leader, List<Electorate> electorates) {
        var reached = ack.outcome().reached();
        if (reached.commitMode() != CommitMode.SYNC || reached.replicationMode() == ReplicationMode.ASYNC) {
            return;
        }
        var end = ack.outcome().lsnEnd();
        if (hold(
                electorates,
                log -> log.holdsFlushed(ack.outcome().lsnStart(), ack.entryCrc())
                        || (history.isDamaged(log.nodeId())
                                && copies.hasHeardOf(leader, ack.leaderEpoch(), log.nodeId(), end)))) {
            return;
        }
        throw new InvariantViolation(
                "AcknowledgedMeansQuorumDurable",
                "%s is not flushed on a majority of the voters: %s".formatted(ack, electorates));
    }

    private static boolean hold(List<Electorate> electorates, Predicate<ObservedLog> copy) {
        for (var electorate : electorates) {
            if (electorate.voters() == 0) {
                continue;
            }
            var holders = electorate.logs().stream().filter(copy).count();
            // Of a node that has not been seen since it started, nothing is known.
            var unknown = electorate.voters() - electorate.logs().size();
            if (holders + unknown >= electorate.voters() / 2 + 1) {
                return true;
            }
        }
        return false;
    }

    /// I18 and what needs a whole log.
    public void audit(String where, ObservedLog log, WalStats stats) {
        LogsAreWhole.check(where, log);
        OffsetsHaveNoGaps.check(where, log);
        var limit = (long) (3.3 * options.timing().writerDelayNanos()) + WINDOW_SLACK_NANOS;
        if (stats.riskWindowNanos() > limit) {
            throw new InvariantViolation(
                    "WindowGate",
                    "%s reported %s ns of unflushed bytes, allowed are %s"
                            .formatted(where, stats.riskWindowNanos(), limit));
        }
    }
}
