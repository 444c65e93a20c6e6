package io.taffrail.streams;

import java.util.Collections;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Four bytes for the modes (0: unset), retention by age and by bytes, labels.
final class StreamConfigCodec {
    private StreamConfigCodec() {}

    static void encode(StreamConfig config, ByteWriter out) {
        out.putByte(code(config.commitMode()));
        out.putByte(code(config.replicationMode()));
        out.putByte(code(config.minimumCommitMode()));
        out.putByte(code(config.minimumReplicationMode()));
        out.putLong(config.retentionMillis());
        out.putLong(config.retentionBytes());
        out.putShort(config.labels().size());
        for (var label : config.labels().entrySet()) {
            out.putString(label.getKey());
            out.putString(label.getValue());
        }
    }

    static StreamConfig decode(ByteReader in) {
        var commit = commitMode(in);
        var replication = replicationMode(in);
        var minimumCommit = commitMode(in);
        var minimumReplication = replicationMode(in);
        var millis = in.takeCount();
        var bytes = in.takeCount();
        var size = in.takeShort();
        if (size > Names.MAX_LABELS) {
            throw in.corrupt(size + " labels, at most " + Names.MAX_LABELS);
        }
        var labels = new TreeMap<String, String>();
        for (var i = 0; i < size; i++) {
            var key = in.takeName();
            // In order, so that one configuration has one encoding and a digest of it means something.
            if (!labels.isEmpty() && labels.lastKey().compareTo(key) >= 0) {
                throw in.corrupt("labels are not in order");
            }
            labels.put(key, in.takeString(Names.MAX_LABEL_VALUE_BYTES));
        }
        return new StreamConfig(
                commit,
                replication,
                minimumCommit,
                minimumReplication,
                millis,
                bytes,
                Collections.unmodifiableSortedMap(labels));
    }

    private static int code(@Nullable CommitMode mode) {
        return switch (mode) {
            case null -> 0;
            case ASYNC -> 1;
            case SYNC -> 2;
        };
    }

    private static @Nullable CommitMode commitMode(ByteReader in) {
        var code = in.takeByte();
        return switch (code) {
            case 0 -> null;
            case 1 -> CommitMode.ASYNC;
            case 2 -> CommitMode.SYNC;
            default -> throw in.corrupt("commit mode " + code + " is not known here");
        };
    }

    private static int code(@Nullable ReplicationMode mode) {
        return switch (mode) {
            case null -> 0;
            case ASYNC -> 1;
            case QUORUM -> 2;
            case ALL -> 3;
        };
    }

    private static @Nullable ReplicationMode replicationMode(ByteReader in) {
        var code = in.takeByte();
        return switch (code) {
            case 0 -> null;
            case 1 -> ReplicationMode.ASYNC;
            case 2 -> ReplicationMode.QUORUM;
            case 3 -> ReplicationMode.ALL;
            default -> throw in.corrupt("replication mode " + code + " is not known here");
        };
    }
}
