package io.taffrail.streams;

/// What a STREAM_CONTROL entry says: a [StreamCommand] after it was decided, with the ids and the time that
/// the leader gave it, so that applying it needs nothing but the state.
public sealed interface StreamChange {
    /// The leader's wall clock when it decided.
    long atMillis();

    record Created(long atMillis, long streamId, String name, StreamConfig config) implements StreamChange {}

    record Updated(long atMillis, long streamId, StreamConfig config) implements StreamChange {}

    record Deleted(long atMillis, long streamId) implements StreamChange {}

    /// The place of the first batch that is left travels with it, so that no replica has to read an index
    /// file to apply it.
    ///
    /// @param firstLsn of the first batch that holds an offset from `startOffset` on; -1: there is none
    /// @param firstMillis that batch's time
    /// @param trimmedBytes of all batches before that one, since the stream's beginning
    record Trimmed(long atMillis, long streamId, long startOffset, long firstLsn, long firstMillis, long trimmedBytes)
            implements StreamChange {}

    record Fenced(long atMillis, long streamId, long fencingToken) implements StreamChange {}

    record ProducerRegistered(long atMillis, long producerId, int epoch, String name) implements StreamChange {}

    record ProducersExpired(long atMillis, long idleSinceMillis) implements StreamChange {}

    record CursorCommitted(long atMillis, long streamId, String cursor, long offset) implements StreamChange {}

    record CursorDeleted(long atMillis, long streamId, String cursor) implements StreamChange {}
}
