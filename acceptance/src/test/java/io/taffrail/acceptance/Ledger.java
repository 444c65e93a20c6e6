package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.client.LogClient;
import io.taffrail.client.ReadFrom;
import io.taffrail.client.ReaderConfig;
import io.taffrail.proto.log.CommitMode;
import io.taffrail.proto.log.Isolation;
import io.taffrail.proto.log.ReplicationMode;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Compares what was acknowledged with what is in the log, by the table of docs/operating/durability.md.
final class Ledger {
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    private Ledger() {}

    /// What happened in a round, as far as it decides what may be lost.
    ///
    /// @param killed voters that forgot their memory
    /// @param handedOver every epoch ended in an orderly way
    /// @param declared epochs that began saying that asynchronous appends may be lost
    record Round(int number, int killed, boolean handedOver, long lastEpoch, Set<Long> declared) {}

    /// Lowest that is lost and highest that is kept of what was acknowledged in one epoch.
    private static final class Edge {
        long lowestLost = Long.MAX_VALUE;
        long highestKept;
    }

    static void judge(LogClient client, List<CellWriter> writers, Round round) throws InterruptedException {
        client.flush(CommitMode.COMMIT_MODE_SYNC, ReplicationMode.REPLICATION_MODE_QUORUM);
        var edges = new HashMap<Long, Edge>();
        for (var writer : writers) {
            var where = "round " + round.number() + " " + writer.cell;
            assertEquals(List.of(), List.copyOf(writer.surprises), where);
            assertEquals(0, writer.unresolved(), where + ": appends without an outcome");
            writer.inLog = read(client, writer.cell, writer.inLog, round.number());
            var lostBefore = writer.lostRecords;
            for (var acknowledged : writer.acknowledged) {
                weigh(writer, acknowledged, round, edges, where);
            }
            writer.acknowledged.clear();
            // Whether it was told of every loss the reading shows: nothing of it stands behind a gap.
            assertTrue(
                    writer.lostRecords > lostBefore || !writer.wasToldOfLoss(),
                    where + ": told of a loss that did not happen");
        }
        edges.forEach((epoch, edge) -> assertTrue(
                edge.lowestLost > edge.highestKept,
                "round " + round.number() + ": the loss of epoch " + epoch + " is not a suffix: LSN " + edge.lowestLost
                        + " is gone, " + edge.highestKept + " is there"));
    }

    private static void weigh(
            CellWriter writer, CellWriter.Acknowledged acknowledged, Round round, Map<Long, Edge> edges, String where) {
        writer.acknowledgedRecords++;
        assertEquals(acknowledged.number(), acknowledged.offset(), where + ": it is its stream's only writer");
        var edge = edges.computeIfAbsent(acknowledged.epoch(), _ -> new Edge());
        if (acknowledged.number() < writer.inLog) {
            edge.highestKept = Math.max(edge.highestKept, acknowledged.lsnEnd());
            return;
        }
        edge.lowestLost = Math.min(edge.lowestLost, acknowledged.lsnEnd());
        writer.lostRecords++;
        var lost = where + " lost its record " + acknowledged.number() + " of epoch " + acknowledged.epoch();
        assertTrue(!writer.cell.isSync() || !writer.cell.isOnMajority(), lost);
        assertTrue(round.lastEpoch() > acknowledged.epoch(), lost + " though no other leads");
        if (writer.cell.isOnMajority()) {
            assertTrue(round.killed() > 1, lost + " though one voter at most forgot its memory");
            assertTrue(
                    round.declared().stream().anyMatch(epoch -> epoch > acknowledged.epoch()),
                    lost + " and no later epoch of " + round.declared() + " declared it");
        } else {
            assertTrue(!round.handedOver(), lost + " though its leader handed over");
        }
    }

    /// Returns how many records the stream has; those from `first` on must be this round's, in order, each once.
    private static long read(LogClient client, Cell cell, long first, int round) throws InterruptedException {
        try (var reader = client.reader(
                cell.stream(),
                ReaderConfig.DEFAULTS.from(ReadFrom.offset(first)).isolation(Isolation.ISOLATION_DURABLE))) {
            var number = first;
            while (!reader.isAtEnd()) {
                var next = reader.next(PATIENCE);
                if (next != null) {
                    assertEquals(number, next.offset(), cell.stream());
                    var expected = CellWriter.prefix(cell, number, round);
                    var value = next.value().toStringUtf8();
                    assertTrue(value.startsWith(expected), () -> expected + " is due, and there is " + value);
                    number++;
                }
            }
            return number;
        }
    }
}
