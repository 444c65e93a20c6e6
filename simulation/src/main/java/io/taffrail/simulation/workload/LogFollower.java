package io.taffrail.simulation.workload;

import io.taffrail.replication.Replica;
import io.taffrail.simulation.ClusterNode;
import io.taffrail.simulation.SimulationOptions;
import io.taffrail.simulation.check.ObservedEntry;
import io.taffrail.simulation.check.ReaderSession;
import io.taffrail.simulation.check.ReaderSession.Level;
import io.taffrail.wal.WalException;
import io.taffrail.wal.WalReader;
import java.nio.ByteBuffer;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Reads the log from whichever replica it finds, and from another the next time. What it was given once at DURABLE
/// stays so for ever, everywhere; what it was given at REPLICATED, until a loss is declared.
final class LogFollower {
    private static final long EVERY_NANOS = 100 * SimulationOptions.MILLI;

    private final Workload workload;
    private final ReaderSession session;
    private final ByteBuffer buffer = ByteBuffer.allocate(64 << 10);
    /// Of the log that it reads.
    private @Nullable UUID historyId;

    LogFollower(Workload workload, int index, Level level) {
        this.workload = workload;
        this.session = new ReaderSession("reader " + index, level);
    }

    void start() {
        workload.after(workload.random().nextLong(2 * EVERY_NANOS), this::read);
    }

    private void read() {
        if (workload.stopping()) {
            return;
        }
        start();
        var node = workload.anyNode();
        var replica = node.replica();
        if (replica != null) {
            read(node, replica);
        }
    }

    private void read(ClusterNode node, Replica replica) {
        var watermarks = replica.watermarks();
        var quorum = switch (session.level()) {
            case DURABLE -> watermarks.quorumFlushed();
            case REPLICATED -> watermarks.quorumReceived();
        };
        var limit = Math.min(quorum, watermarks.leaderReceived());
        var start = replica.startLsn();
        if (session.nextLsn() < start
                || (session.nextLsn() > 0 && workload.random().nextInt(20) == 0)) {
            // Sometimes everything once more.
            session.startAt(start);
        }
        if (session.nextLsn() < limit) {
            workload.cluster().logs().observe(node, () -> {
                try {
                    copy(node, replica, limit);
                } catch (WalException.BadEntry bad) {
                    workload.cluster().damage().metByReader(node, replica, bad, session.nextLsn());
                }
            });
        }
    }

    private void copy(ClusterNode node, Replica replica, long limit) {
        var where = "node " + node.id();
        var cluster = workload.cluster();
        var historyBefore = historyId;
        historyId = replica.status().historyId();
        if (historyBefore != null && !historyBefore.equals(historyId)) {
            // A reader's position names the history: LOG_TRUNCATED.
            cluster.coverage().count("reader was told that another history began");
            session.startAt(replica.startLsn());
            return;
        }
        try (var reader = replica.newReader()) {
            var mayBeLost = cluster.checks().ledger().wasLossDeclared();
            var chain = chainCrcAt(reader, session.nextLsn());
            if (chain == null && !session.hasRead()) {
                // Where the log of a replica began that still had another history's.
                session.startAt(replica.startLsn());
                return;
            }
            if (!session.fits(chain) && cluster.checks().history().wereVolumesLostSince(0)) {
                // Of what volumes hold no more nothing is promised, at no level.
                session.startAt(replica.startLsn());
                return;
            }
            if (!session.goesOnFrom(where, chain, mayBeLost)) {
                cluster.coverage().count("reader was told that its log is truncated");
                session.startAt(replica.startLsn());
                return;
            }
            buffer.clear();
            var count = reader.read(session.nextLsn(), limit, buffer);
            for (var at = 0; at < count; ) {
                var entry = ObservedEntry.of(buffer.slice(at, count - at));
                session.given(where, entry);
                if (session.level() == Level.DURABLE) {
                    cluster.answers().durablyRead(node, replica, entry);
                }
                at += entry.header().lengthBytes();
                cluster.coverage().count("entries read at " + session.level());
            }
        }
    }

    /// Null: no entry begins there.
    private static @Nullable Integer chainCrcAt(WalReader reader, long lsn) {
        try {
            return reader.header(lsn).chainPrevious();
        } catch (WalException.OutOfRange noBoundary) {
            return null;
        }
    }
}
