package io.taffrail.operator.observe;

import io.taffrail.operator.crd.ByteSize;
import io.taffrail.operator.crd.CommitMode;
import io.taffrail.operator.crd.LogClusterSpec;
import io.taffrail.operator.crd.LogClusterSpec.OnFull;
import io.taffrail.operator.crd.ReplicationMode;
import io.taffrail.operator.crd.TimeSpan;

/// The settings that change without a restart, as numbers: what a spec asks for and what a replica runs with.
///
/// @param retentionMillis 0: for ever
/// @param retentionBytes 0: without limit
public record SettingsValues(
        CommitMode commitMode,
        ReplicationMode replicationMode,
        CommitMode minimumCommitMode,
        ReplicationMode minimumReplicationMode,
        long writerDelayMicros,
        long groupCommitDelayMicros,
        int groupCommitSiblings,
        long pendingBytes,
        long replicationLagBytes,
        long replicationLagMillis,
        OnFull onFull,
        long retentionMillis,
        long retentionBytes) {

    public static SettingsValues of(LogClusterSpec spec) {
        var retention = spec.retention();
        var age = retention == null ? null : retention.age();
        var bytes = retention == null ? null : retention.bytes();
        return new SettingsValues(
                spec.commitMode(),
                spec.replicationMode(),
                spec.minimum().commitMode(),
                spec.minimum().replicationMode(),
                micros(spec.writerDelay()),
                micros(spec.groupCommit().delay()),
                spec.groupCommit().siblings(),
                ByteSize.parse(spec.limits().pendingBytes()).bytes(),
                ByteSize.parse(spec.limits().replicationLag().bytes()).bytes(),
                TimeSpan.parse(spec.limits().replicationLag().age()).toMillis(),
                spec.limits().onFull(),
                age == null ? 0 : TimeSpan.parse(age).toMillis(),
                bytes == null ? 0 : ByteSize.parse(bytes).bytes());
    }

    private static long micros(String span) {
        return TimeSpan.parse(span).toNanos() / 1_000;
    }
}
