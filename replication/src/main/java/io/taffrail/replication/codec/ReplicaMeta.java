package io.taffrail.replication.codec;

import io.taffrail.replication.protocol.Configuration;
import io.taffrail.replication.protocol.Eviction;
import io.taffrail.replication.protocol.HardState;
import io.taffrail.replication.protocol.LogPosition;
import io.taffrail.replication.protocol.LoggedConfiguration;
import io.taffrail.replication.protocol.Standing;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Everything that a replica keeps besides its log, in one slot of its `meta` file.
///
/// @param incarnation one more at each start of the process
/// @param durableHint a position of the log that is known to be flushed; a log that ends below it has lost bytes
public record ReplicaMeta(int nodeId, UUID storageId, long incarnation, HardState hard, LogPosition durableHint) {
    private static final byte VERSION = 2;
    /// As it was written before there were forced recoveries.
    private static final byte VERSION_WITHOUT_STANDING = 1;

    /// What everything else than configurations takes at most.
    private static final int OTHER_BYTES = 700;

    /// Why this configuration cannot be kept; null: it can, beside another one of the most bytes, in a slot of
    /// `maxBytes`. To be asked before it is in a log: what is there has to be kept.
    public static @Nullable String refusal(Configuration configuration, int maxBytes) {
        var members = configuration.members();
        if (members.size() > Fields.MAX_MEMBERS) {
            return "%s members: allowed are %s".formatted(members.size(), Fields.MAX_MEMBERS);
        }
        for (var member : members) {
            for (var address : List.of(member.peerAddress(), member.clientAddress())) {
                if (!Fields.isText(address)) {
                    return "the address \"%s\" of node %s: at most %s bytes are allowed"
                            .formatted(address, member.nodeId(), Fields.MAX_TEXT_BYTES);
                }
            }
        }
        var to = ByteBuffer.allocate(Fields.mostBytes(configuration));
        Fields.putConfiguration(to, configuration);
        var most = (maxBytes - OTHER_BYTES) / 2 - Long.BYTES;
        return to.position() <= most
                ? null
                : "the members with their addresses take %s bytes, at most %s are allowed: fewer or shorter ones are needed"
                        .formatted(to.position(), most);
    }

    /// `maxBytes`: what a slot holds. Only the newest configurations go in if not all fit; the newest two must.
    public ByteBuffer encode(int maxBytes) {
        var configurations = hard.configurations();
        while (true) {
            var to = ByteBuffer.allocate(64 << 10).order(ByteOrder.LITTLE_ENDIAN);
            write(to, configurations);
            to.flip();
            if (to.remaining() <= maxBytes) {
                return to;
            }
            if (configurations.size() <= 2) {
                throw new MalformedException(
                        "meta of %s bytes, at most %s: fewer members or shorter addresses are needed"
                                .formatted(to.remaining(), maxBytes));
            }
            configurations = configurations.subList(1, configurations.size());
        }
    }

    private void write(ByteBuffer to, List<LoggedConfiguration> configurations) {
        to.put(VERSION);
        to.putInt(nodeId);
        Fields.putUuid(to, storageId);
        to.putLong(incarnation);
        var cluster = hard.clusterId();
        var history = hard.historyId();
        Fields.putBoolean(to, cluster != null);
        if (cluster != null && history != null) {
            Fields.putUuid(to, cluster);
            Fields.putUuid(to, history);
        }
        to.putLong(hard.promisedEpoch()).putInt(hard.promisedNode()).putLong(hard.promisedIncarnation());
        Fields.putBoolean(to, hard.dirty());
        Fields.putBoolean(to, hard.suspect());
        Fields.putPosition(to, durableHint);
        to.putShort((short) configurations.size());
        for (var configuration : configurations) {
            Fields.putLogged(to, configuration);
        }
        var standing = hard.standing();
        Fields.putUuids(to, standing.formerHistories());
        to.put(
                switch (standing.beginning()) {
                    case PAST -> (byte) 0;
                    case FORCED_HERE -> (byte) 1;
                    case ENTERED -> (byte) 2;
                });
        to.put(
                switch (standing.eviction()) {
                    case NONE -> (byte) 0;
                    case HISTORY_REPLACED -> (byte) 1;
                    case OLDER_VOLUME -> (byte) 2;
                });
        to.putShort((short) standing.seen().size());
        for (var seen : standing.seen()) {
            Fields.putUuid(to, seen.storageId());
            to.putLong(seen.incarnation());
        }
    }

    public static ReplicaMeta decode(ByteBuffer value) {
        var from = value.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        try {
            var version = from.get();
            if (version != VERSION && version != VERSION_WITHOUT_STANDING) {
                throw new MalformedException("meta is of format version %s, not %s".formatted(version, VERSION));
            }
            var nodeId = from.getInt();
            var storageId = Fields.uuid(from);
            var incarnation = from.getLong();
            var member = Fields.bool(from);
            var clusterId = member ? Fields.uuid(from) : null;
            var historyId = member ? Fields.uuid(from) : null;
            var promisedEpoch = from.getLong();
            var promisedNode = from.getInt();
            var promisedIncarnation = from.getLong();
            var dirty = Fields.bool(from);
            var suspect = Fields.bool(from);
            var hint = Fields.position(from);
            var count = Fields.count(from, "configurations", 8, 12);
            var configurations = new ArrayList<LoggedConfiguration>(count);
            for (var i = 0; i < count; i++) {
                configurations.add(Fields.logged(from));
            }
            var hard = new HardState(
                    clusterId,
                    historyId,
                    promisedEpoch,
                    promisedNode,
                    promisedIncarnation,
                    dirty,
                    suspect,
                    List.copyOf(configurations),
                    version == VERSION_WITHOUT_STANDING ? Standing.NEW : standing(from));
            return new ReplicaMeta(nodeId, storageId, incarnation, hard, hint);
        } catch (BufferUnderflowException e) {
            throw new MalformedException("meta is cut: " + value.remaining() + " bytes");
        }
    }

    private static Standing standing(ByteBuffer from) {
        var former = Fields.uuids(from);
        var beginning = switch (from.get()) {
            case 0 -> Standing.Beginning.PAST;
            case 1 -> Standing.Beginning.FORCED_HERE;
            case 2 -> Standing.Beginning.ENTERED;
            default -> throw new MalformedException("meta: unknown beginning of a history");
        };
        var eviction = switch (from.get()) {
            case 0 -> Eviction.NONE;
            case 1 -> Eviction.HISTORY_REPLACED;
            case 2 -> Eviction.OLDER_VOLUME;
            default -> throw new MalformedException("meta: unknown eviction");
        };
        var count = Fields.count(from, "storages", Standing.MAX_SEEN, 24);
        var seen = new ArrayList<Standing.Seen>(count);
        for (var i = 0; i < count; i++) {
            seen.add(new Standing.Seen(Fields.uuid(from), from.getLong()));
        }
        return new Standing(former, beginning, eviction, seen);
    }
}
