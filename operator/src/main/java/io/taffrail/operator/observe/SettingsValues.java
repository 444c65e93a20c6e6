package io.taffrail.operator.observe;

import io.taffrail.operator.crd.ByteSize;
import io.taffrail.operator.crd.CommitMode;
import io.taffrail.operator.crd.LogClusterSpec;
import io.taffrail.operator.crd.LogClusterSpec.OnFull;
import io.taffrail.operator.crd.ReplicationMode;
import io.taffrail.operator.crd.TimeSpan;
import java.util.concurrent.TimeUnit;

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
                micros("writerDelay", spec.writerDelay()),
                micros("groupCommit.delay", spec.groupCommit().delay()),
                spec.groupCommit().siblings(),
                ByteSize.parse("limits.pendingBytes", spec.limits().pendingBytes())
                        .bytes(),
                ByteSize.parse(
                                "limits.replicationLag.bytes",
                                spec.limits().replicationLag().bytes())
                        .bytes(),
                TimeSpan.parse(
                                "limits.replicationLag.age",
                                spec.limits().replicationLag().age())
                        .toMillis(),
                spec.limits().onFull(),
                age == null ? 0 : TimeSpan.retention(age).toMillis(),
                bytes == null ? 0 : ByteSize.parse("retention.bytes", bytes).bytes());
    }

    /// Whether an acknowledgement by these may promise less, or an asynchronous one risk more, than one by `others`.
    public boolean promiseLessThan(SettingsValues others) {
        return commitMode.compareTo(others.commitMode) < 0
                || replicationMode.compareTo(others.replicationMode) < 0
                || minimumCommitMode.compareTo(others.minimumCommitMode) < 0
                || minimumReplicationMode.compareTo(others.minimumReplicationMode) < 0
                || writerDelayMicros > others.writerDelayMicros
                || replicationLagBytes > others.replicationLagBytes
                || replicationLagMillis > others.replicationLagMillis;
    }

    private static long micros(String field, String span) {
        // Not by way of nanoseconds, of which a long holds 292 years.
        return TimeUnit.MICROSECONDS.convert(TimeSpan.parse(field, span));
    }
}
