package io.taffrail.simulation.workload;

import io.taffrail.replication.Replica;
import io.taffrail.simulation.ClusterNode;
import io.taffrail.simulation.SimulationOptions;
import io.taffrail.simulation.check.InvariantViolation;
import io.taffrail.wal.WalException;
import io.taffrail.wal.record.EntryHeader;
import java.nio.ByteBuffer;

/// Reads the log at DURABLE from whichever replica it finds, and from another the next time. What it was given
/// once stays so for ever, everywhere.
final class LogFollower {
    private static final long EVERY_NANOS = 100 * SimulationOptions.MILLI;

    private final Workload workload;
    private final int index;
    private final ByteBuffer buffer = ByteBuffer.allocate(64 << 10);
    private long lsn;

    LogFollower(Workload workload, int index) {
        this.workload = workload;
        this.index = index;
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
        var limit = Math.min(watermarks.quorumFlushed(), watermarks.leaderReceived());
        var start = replica.status().startLsn();
        if (lsn < start || (lsn > 0 && workload.random().nextInt(20) == 0)) {
            // Sometimes everything once more.
            lsn = start;
        }
        if (lsn >= limit) {
            return;
        }
        workload.cluster().observe(node, () -> copy(node, replica, limit));
    }

    private void copy(ClusterNode node, Replica replica, long limit) {
        try (var reader = replica.newReader()) {
            buffer.clear();
            var count = reader.read(lsn, limit, buffer);
            for (var at = 0; at < count; ) {
                var header = EntryHeader.read(buffer, at);
                workload.cluster()
                        .checks()
                        .agreement()
                        .check("reader " + index + " at node " + node.id(), header.lsn(), header.crc());
                at += header.lengthBytes();
                lsn = header.endLsn();
                workload.cluster().coverage().count("entries read");
            }
        } catch (WalException.OutOfRange gone) {
            throw new InvariantViolation(
                    "ReadersSeeOnlyCommitted",
                    "reader %d was given the entry before %d as committed, node %d does not have it"
                            .formatted(index, lsn, node.id()),
                    gone);
        }
    }
}
