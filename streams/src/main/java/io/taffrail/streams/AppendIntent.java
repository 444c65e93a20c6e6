package io.taffrail.streams;

import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// What a client wants appended, apart from the records' bytes.
///
/// @param commitMode null: the stream's default
/// @param replicationMode null: the stream's default
/// @param producerId 0: not idempotent; then `producerEpoch` and `sequence` mean nothing
/// @param recordsCrc CRC32C of the encoded records, so that a sequence that is used twice for different bytes
/// is found
/// @param nowMillis the leader's wall clock; becomes the batch's time, unless the stream's last is later
public record AppendIntent(
        String stream,
        @Nullable CommitMode commitMode,
        @Nullable ReplicationMode replicationMode,
        long producerId,
        int producerEpoch,
        long sequence,
        OptionalLong expectedOffset,
        OptionalLong fencingToken,
        int recordCount,
        int recordsBytes,
        int recordsCrc,
        long nowMillis) {}
