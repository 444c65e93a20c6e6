package io.taffrail.streams;

/// Limits of the streams' state. They bind what is decided, never what is applied: a log that was written
/// under larger ones is applied all the same.
///
/// @param checkpointBytes log between two checkpoints, and so about the most that is applied again after a restart
/// @param logPerCheckpoint least log between two checkpoints as a multiple of the last one's size: 4 means that
/// checkpoints never write more than a quarter of what the log does
/// @param maxStreams about 600 bytes of memory each
/// @param maxProducers about 150 bytes of memory each, and 330 for every stream that one appends to
/// @param maxStreamsPerProducer streams that one producer id may append to
/// @param maxCursorsPerStream about 150 bytes of memory each
/// @param maxStateBytes of a checkpoint, by [StateSize], before nothing is added to the state; well below what one
/// can hold: without checkpoints the log is never trimmed
/// @param maxUnindexedBatches batches whose place only the memory knows (40 bytes each) before appends are
/// refused: checkpoints fail, or the log has not been flushed for long
/// @param retainedCheckpoints newest ones that are kept; more than one, so that a damaged one costs nothing
/// @param mergedFiles neighbouring index files of one size class that are merged into one of the next
/// @param producerIdleMillis after which retention forgets a producer
public record StreamStoreConfig(
        long checkpointBytes,
        int logPerCheckpoint,
        int maxStreams,
        int maxProducers,
        int maxStreamsPerProducer,
        int maxCursorsPerStream,
        long maxStateBytes,
        int maxUnindexedBatches,
        int retainedCheckpoints,
        int mergedFiles,
        long producerIdleMillis) {
    public static final StreamStoreConfig DEFAULTS = new StreamStoreConfig(
            64L << 20, 4, 1_000_000, 1_000_000, 10_000, 10_000, 800L << 20, 4_000_000, 2, 8, 7L * 24 * 3_600_000);

    public StreamStoreConfig {
        if (checkpointBytes < 1 || retainedCheckpoints < 1 || mergedFiles < 2) {
            throw new IllegalArgumentException(
                    "checkpointBytes %s and retainedCheckpoints %s must be at least 1, mergedFiles %s at least 2"
                            .formatted(checkpointBytes, retainedCheckpoints, mergedFiles));
        }
    }
}
