package io.taffrail.simulation.check;

import java.util.HashMap;
import java.util.HashSet;

/// In one log, a stream's batches follow each other without gap or overlap (what retention trimmed apart), and a
/// producer's sequence occurs once (I28).
public final class OffsetsHaveNoGaps {
    private record Sequence(long streamId, long producerId, int producerEpoch, long sequence) {}

    private OffsetsHaveNoGaps() {}

    public static void check(String where, ObservedLog log) {
        var nextOffsets = new HashMap<Long, Long>();
        var sequences = new HashSet<Sequence>();
        for (var entry : log.entries().values()) {
            var batch = entry.records();
            if (batch == null) {
                continue;
            }
            var expected = nextOffsets.put(batch.streamId(), batch.endOffset());
            if (expected != null && expected != batch.baseOffset()) {
                throw new InvariantViolation(
                        "OffsetsHaveNoGaps",
                        "%s: stream %s goes on at offset %s, expected %s, in %s"
                                .formatted(where, batch.streamId(), batch.baseOffset(), expected, entry.header()));
            }
            if (batch.producerId() != 0
                    && !sequences.add(new Sequence(
                            batch.streamId(), batch.producerId(), batch.producerEpoch(), batch.sequence()))) {
                throw new InvariantViolation(
                        "SequencesOccurOnce", where + ": twice in the log: " + batch + " at " + entry.header());
            }
        }
    }
}
