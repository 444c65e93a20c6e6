package io.taffrail.operator.stream;

import io.taffrail.operator.crd.CommitMode;
import io.taffrail.operator.crd.ReplicationMode;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A stream as the log has it.
public record ObservedStream(String streamId, Config config) {
    /// @param commitMode null: the cluster's default
    /// @param retentionMillis 0: the cluster's default
    public record Config(
            @Nullable CommitMode commitMode,
            @Nullable ReplicationMode replicationMode,
            @Nullable CommitMode minimumCommitMode,
            @Nullable ReplicationMode minimumReplicationMode,
            long retentionMillis,
            long retentionBytes,
            Map<String, String> labels) {
        public Config {
            labels = Map.copyOf(labels);
        }

        /// This configuration with whatever labels others put on the stream.
        Config keepingLabelsOf(Config live) {
            var both = new TreeMap<>(live.labels);
            both.putAll(labels);
            return new Config(
                    commitMode,
                    replicationMode,
                    minimumCommitMode,
                    minimumReplicationMode,
                    retentionMillis,
                    retentionBytes,
                    both);
        }
    }
}
