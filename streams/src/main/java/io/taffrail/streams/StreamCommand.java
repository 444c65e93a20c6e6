package io.taffrail.streams;

import java.util.OptionalLong;

/// A change of the streams' state other than an append. Always Sync and Quorum.
public sealed interface StreamCommand {
    record CreateStream(String stream, StreamConfig config, boolean ifNotExists) implements StreamCommand {}

    record UpdateStream(String stream, StreamConfig config) implements StreamCommand {}

    record DeleteStream(String stream) implements StreamCommand {}

    record TrimStream(String stream, long startOffset) implements StreamCommand {}

    record FenceStream(String stream, long fencingToken) implements StreamCommand {}

    /// `producerId` 0: a new one, or the one that `name` has. A known id gets its next epoch.
    record RegisterProducer(long producerId, String name) implements StreamCommand {}

    /// Forgets producers that have appended nothing since `idleSinceMillis`; the leader's own, not a
    /// client's.
    record ExpireProducers(long idleSinceMillis) implements StreamCommand {}

    record CommitCursor(String stream, String cursor, long offset, OptionalLong expectedOffset)
            implements StreamCommand {}

    record DeleteCursor(String stream, String cursor) implements StreamCommand {}
}
