package io.taffrail.streams;

import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/// What a stream was created with. A null mode: the cluster's default, as it is at the time of the append.
///
/// @param retentionMillis 0: the cluster's default
/// @param retentionBytes 0: the cluster's default
public record StreamConfig(
        @Nullable CommitMode commitMode,
        @Nullable ReplicationMode replicationMode,
        @Nullable CommitMode minimumCommitMode,
        @Nullable ReplicationMode minimumReplicationMode,
        long retentionMillis,
        long retentionBytes,
        SortedMap<String, String> labels) {}
