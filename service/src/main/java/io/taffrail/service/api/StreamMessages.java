package io.taffrail.service.api;

import io.taffrail.proto.log.CursorDescription;
import io.taffrail.proto.log.StreamDescription;
import io.taffrail.streams.CommitMode;
import io.taffrail.streams.CursorView;
import io.taffrail.streams.ReplicationMode;
import io.taffrail.streams.StreamConfig;
import io.taffrail.streams.StreamView;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Between the wire's stream messages and the values of `streams`.
public final class StreamMessages {
    private StreamMessages() {}

    /// A field of a request cannot be used; the message says which and what is allowed.
    public static final class InvalidField extends Exception {
        private static final long serialVersionUID = 1;

        InvalidField(String message) {
            super(message, null, false, false);
        }
    }

    public static InvalidField invalid(String message) {
        return new InvalidField(message);
    }

    static StreamConfig config(io.taffrail.proto.log.StreamConfig wire) throws InvalidField {
        return new StreamConfig(
                commitMode("config.commit_mode", wire.getCommitModeValue()),
                replicationMode("config.replication_mode", wire.getReplicationModeValue()),
                commitMode("config.minimum_commit_mode", wire.getMinimumCommitModeValue()),
                replicationMode("config.minimum_replication_mode", wire.getMinimumReplicationModeValue()),
                notNegative("config.retention_millis", wire.getRetentionMillis()),
                notNegative("config.retention_bytes", wire.getRetentionBytes()),
                new TreeMap<>(wire.getLabelsMap()));
    }

    public static @Nullable CommitMode commitMode(String field, int number) throws InvalidField {
        return switch (number) {
            case 0 -> null;
            case 1 -> CommitMode.ASYNC;
            case 2 -> CommitMode.SYNC;
            default -> throw new InvalidField(field + " is " + number + ": allowed are 0 (unset), 1 (ASYNC), 2 (SYNC)");
        };
    }

    public static @Nullable ReplicationMode replicationMode(String field, int number) throws InvalidField {
        return switch (number) {
            case 0 -> null;
            case 1 -> ReplicationMode.ASYNC;
            case 2 -> ReplicationMode.QUORUM;
            case 3 -> ReplicationMode.ALL;
            default ->
                throw new InvalidField(
                        field + " is " + number + ": allowed are 0 (unset), 1 (ASYNC), 2 (QUORUM), 3 (ALL)");
        };
    }

    /// uint64 fields are signed here, and no log is half as long as that.
    public static long notNegative(String field, long value) throws InvalidField {
        if (value < 0) {
            throw new InvalidField(
                    field + " is " + Long.toUnsignedString(value) + ": allowed is 0 to " + Long.MAX_VALUE);
        }
        return value;
    }

    public static io.taffrail.proto.log.CommitMode wire(@Nullable CommitMode mode) {
        if (mode == null) {
            return io.taffrail.proto.log.CommitMode.COMMIT_MODE_UNSPECIFIED;
        }
        return switch (mode) {
            case ASYNC -> io.taffrail.proto.log.CommitMode.COMMIT_MODE_ASYNC;
            case SYNC -> io.taffrail.proto.log.CommitMode.COMMIT_MODE_SYNC;
        };
    }

    public static io.taffrail.proto.log.ReplicationMode wire(@Nullable ReplicationMode mode) {
        if (mode == null) {
            return io.taffrail.proto.log.ReplicationMode.REPLICATION_MODE_UNSPECIFIED;
        }
        return switch (mode) {
            case ASYNC -> io.taffrail.proto.log.ReplicationMode.REPLICATION_MODE_ASYNC;
            case QUORUM -> io.taffrail.proto.log.ReplicationMode.REPLICATION_MODE_QUORUM;
            case ALL -> io.taffrail.proto.log.ReplicationMode.REPLICATION_MODE_ALL;
        };
    }

    static StreamDescription describe(StreamView view) {
        var config = view.config();
        var description = StreamDescription.newBuilder()
                .setStream(view.name())
                .setStreamId(view.streamId())
                .setConfig(io.taffrail.proto.log.StreamConfig.newBuilder()
                        .setCommitMode(wire(config.commitMode()))
                        .setReplicationMode(wire(config.replicationMode()))
                        .setMinimumCommitMode(wire(config.minimumCommitMode()))
                        .setMinimumReplicationMode(wire(config.minimumReplicationMode()))
                        .setRetentionMillis(config.retentionMillis())
                        .setRetentionBytes(config.retentionBytes())
                        .putAllLabels(config.labels()))
                .setStartOffset(view.startOffset())
                .setNextOffset(view.nextOffset())
                .setSizeBytes(view.sizeBytes())
                .setCreatedMillis(view.createdMillis())
                .setLastAppendMillis(view.lastAppendMillis());
        view.fencingToken().ifPresent(description::setFencingToken);
        return description.build();
    }

    static CursorDescription describe(CursorView view) {
        return CursorDescription.newBuilder()
                .setStream(view.stream())
                .setCursor(view.cursor())
                .setOffset(view.offset())
                .setCommittedMillis(view.committedMillis())
                .build();
    }
}
