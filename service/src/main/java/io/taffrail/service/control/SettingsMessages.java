package io.taffrail.service.control;

import io.taffrail.proto.control.ApplySettingsRequest;
import io.taffrail.proto.control.OnFull;
import io.taffrail.proto.control.Settings;
import io.taffrail.replication.ReplicaSettings;
import io.taffrail.service.api.StreamMessages;
import io.taffrail.service.control.SettingsBounds.Bounds;
import io.taffrail.streams.CommitMode;
import io.taffrail.streams.Durability;
import io.taffrail.streams.ReplicationMode;
import io.taffrail.streams.StreamSettings;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Settings on the wire and as values; what is absent in a request stays as it is.
final class SettingsMessages {
    private static final long NANOS_PER_MICRO = 1_000;
    private static final long NANOS_PER_MILLI = 1_000_000;

    private SettingsMessages() {}

    static ReplicaSettings merged(ReplicaSettings current, ApplySettingsRequest request, TailMemory memory)
            throws StreamMessages.InvalidField {
        var wire = request.getSettings();
        var streams = current.streams();
        var durability = durability(
                streams.durability(),
                StreamMessages.commitMode("commit_mode", wire.getCommitModeValue()),
                StreamMessages.replicationMode("replication_mode", wire.getReplicationModeValue()));
        var minimum = durability(
                streams.minimum(),
                StreamMessages.commitMode("minimum_commit_mode", wire.getMinimumCommitModeValue()),
                StreamMessages.replicationMode("minimum_replication_mode", wire.getMinimumReplicationModeValue()));
        if (!durability.covers(minimum)) {
            throw StreamMessages.invalid("commit_mode and replication_mode are " + durability
                    + ": allowed is nothing below the minimum, " + minimum);
        }
        return new ReplicaSettings(
                StreamMessages.notNegative("generation", request.getGeneration()),
                new StreamSettings(
                        durability,
                        minimum,
                        wire.hasRetentionMillis()
                                ? millis("retention_millis", wire.getRetentionMillis(), SettingsBounds.RETENTION_AGE)
                                : streams.retentionMillis(),
                        wire.hasRetentionBytes()
                                ? StreamMessages.notNegative("retention_bytes", wire.getRetentionBytes())
                                : streams.retentionBytes()),
                wire.hasWriterDelayMicros()
                        ? micros("writer_delay_micros", wire.getWriterDelayMicros(), SettingsBounds.WRITER_DELAY)
                                * NANOS_PER_MICRO
                        : current.writerDelayNanos(),
                wire.hasGroupCommitDelayMicros()
                        ? micros(
                                        "group_commit_delay_micros",
                                        wire.getGroupCommitDelayMicros(),
                                        SettingsBounds.GROUP_COMMIT_DELAY)
                                * NANOS_PER_MICRO
                        : current.groupCommitDelayNanos(),
                wire.hasGroupCommitSiblings()
                        ? (int) between(
                                "group_commit_siblings",
                                Integer.toUnsignedLong(wire.getGroupCommitSiblings()),
                                SettingsBounds.GROUP_COMMIT_SIBLINGS)
                        : current.groupCommitSiblings(),
                wire.hasPendingBytes() ? pendingBytes(current, wire, memory) : current.pendingBytes(),
                wire.hasReplicationLagBytes()
                        ? between(
                                "replication_lag_bytes",
                                wire.getReplicationLagBytes(),
                                SettingsBounds.REPLICATION_LAG_BYTES)
                        : current.replicationLagBytes(),
                wire.hasReplicationLagMillis()
                        ? millis(
                                        "replication_lag_millis",
                                        wire.getReplicationLagMillis(),
                                        SettingsBounds.REPLICATION_LAG_AGE)
                                * NANOS_PER_MILLI
                        : current.replicationLagNanos(),
                rejectWhenFull(current, wire));
    }

    private static Durability durability(
            Durability current, @Nullable CommitMode commitMode, @Nullable ReplicationMode replicationMode) {
        return new Durability(
                commitMode == null ? current.commitMode() : commitMode,
                replicationMode == null ? current.replicationMode() : replicationMode);
    }

    private static boolean rejectWhenFull(ReplicaSettings current, Settings wire) throws StreamMessages.InvalidField {
        return switch (wire.getOnFullValue()) {
            case 0 -> current.rejectWhenFull();
            case 1 -> false;
            case 2 -> true;
            default ->
                throw StreamMessages.invalid(
                        "on_full is " + wire.getOnFullValue() + ": allowed are 0 (as it is), 1 (WAIT), 2 (REJECT)");
        };
    }

    private static int pendingBytes(ReplicaSettings current, Settings wire, TailMemory memory)
            throws StreamMessages.InvalidField {
        var wanted = (int) between("pending_bytes", wire.getPendingBytes(), SettingsBounds.PENDING_BYTES);
        var tooLittle = memory.refusalOfChange(current.pendingBytes(), wanted);
        if (tooLittle != null) {
            throw StreamMessages.invalid(
                    tooLittle + " while pending_bytes change from " + current.pendingBytes() + " to " + wanted);
        }
        return wanted;
    }

    private static long micros(String field, long value, Bounds<Duration> bounds) throws StreamMessages.InvalidField {
        return between(
                field,
                value,
                bounds.least().toNanos() / NANOS_PER_MICRO,
                bounds.most().toNanos() / NANOS_PER_MICRO);
    }

    private static long millis(String field, long value, Bounds<Duration> bounds) throws StreamMessages.InvalidField {
        return between(field, value, bounds.least().toMillis(), bounds.most().toMillis());
    }

    private static long between(String field, long value, Bounds<Long> bounds) throws StreamMessages.InvalidField {
        return between(field, value, bounds.least(), bounds.most());
    }

    private static long between(String field, long value, long least, long most) throws StreamMessages.InvalidField {
        if (value < least || value > most) {
            throw StreamMessages.invalid(
                    field + " is " + Long.toUnsignedString(value) + ": allowed is " + least + " to " + most);
        }
        return value;
    }

    static Settings wire(ReplicaSettings settings) {
        var streams = settings.streams();
        return Settings.newBuilder()
                .setCommitMode(StreamMessages.wire(streams.durability().commitMode()))
                .setReplicationMode(StreamMessages.wire(streams.durability().replicationMode()))
                .setMinimumCommitMode(StreamMessages.wire(streams.minimum().commitMode()))
                .setMinimumReplicationMode(StreamMessages.wire(streams.minimum().replicationMode()))
                .setWriterDelayMicros(settings.writerDelayNanos() / NANOS_PER_MICRO)
                .setGroupCommitDelayMicros(settings.groupCommitDelayNanos() / NANOS_PER_MICRO)
                .setGroupCommitSiblings(settings.groupCommitSiblings())
                .setPendingBytes(settings.pendingBytes())
                .setReplicationLagBytes(settings.replicationLagBytes())
                .setReplicationLagMillis(settings.replicationLagNanos() / NANOS_PER_MILLI)
                .setOnFull(settings.rejectWhenFull() ? OnFull.ON_FULL_REJECT : OnFull.ON_FULL_WAIT)
                .setRetentionMillis(streams.retentionMillis())
                .setRetentionBytes(streams.retentionBytes())
                .build();
    }
}
