package io.taffrail.replication.codec;

import io.taffrail.replication.protocol.Configuration;
import io.taffrail.replication.protocol.EpochStart;
import io.taffrail.replication.protocol.LogPosition;
import io.taffrail.replication.protocol.LoggedConfiguration;
import io.taffrail.replication.protocol.Member;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/// The values that several formats share, little-endian. Every list and text has a limit: a length that was read is
/// never believed before it is compared with one.
final class Fields {
    static final int MAX_TEXT_BYTES = 512;
    static final int MAX_MEMBERS = 64;
    /// A failover a day for 170 years.
    static final int MAX_EPOCHS = 62_000;
    /// As many as two bytes count.
    static final int MAX_FILES = 65_535;
    static final int MAX_HISTORIES = 64;
    private static final int EPOCH_START_BYTES = 28;
    private static final int MEMBER_BYTES = 24;

    private Fields() {}

    static void putUuid(ByteBuffer to, UUID value) {
        to.putLong(value.getMostSignificantBits()).putLong(value.getLeastSignificantBits());
    }

    static UUID uuid(ByteBuffer from) {
        return new UUID(from.getLong(), from.getLong());
    }

    static void putUuids(ByteBuffer to, List<UUID> values) {
        limit("histories", values.size(), MAX_HISTORIES);
        to.putShort((short) values.size());
        for (var value : values) {
            putUuid(to, value);
        }
    }

    static List<UUID> uuids(ByteBuffer from) {
        var count = count(from, "histories", MAX_HISTORIES, 16);
        var values = new ArrayList<UUID>(count);
        for (var i = 0; i < count; i++) {
            values.add(uuid(from));
        }
        return List.copyOf(values);
    }

    static void putBoolean(ByteBuffer to, boolean value) {
        to.put((byte) (value ? 1 : 0));
    }

    static boolean bool(ByteBuffer from) {
        return switch (from.get()) {
            case 0 -> false;
            case 1 -> true;
            default -> throw new MalformedException("a flag is neither 0 nor 1");
        };
    }

    static boolean isText(String value) {
        return value.getBytes(StandardCharsets.UTF_8).length <= MAX_TEXT_BYTES;
    }

    static void putText(ByteBuffer to, String value) {
        var bytes = value.getBytes(StandardCharsets.UTF_8);
        limit("text", bytes.length, MAX_TEXT_BYTES);
        to.putShort((short) bytes.length).put(bytes);
    }

    static String text(ByteBuffer from) {
        var length = Short.toUnsignedInt(from.getShort());
        limit("text", length, Math.min(MAX_TEXT_BYTES, from.remaining()));
        var bytes = new byte[length];
        from.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    static int count(ByteBuffer from, String what, int most, int bytesEach) {
        var count = Short.toUnsignedInt(from.getShort());
        limit(what, count, most);
        limit(what, (long) count * bytesEach, from.remaining());
        return count;
    }

    static void limit(String what, long value, long most) {
        if (value > most) {
            throw new MalformedException("%s: %s, at most %s".formatted(what, value, most));
        }
    }

    static void putPosition(ByteBuffer to, LogPosition value) {
        to.putLong(value.lsn()).putLong(value.epoch()).putInt(value.chainCrc());
    }

    static LogPosition position(ByteBuffer from) {
        return new LogPosition(from.getLong(), from.getLong(), from.getInt());
    }

    static void putEpochStart(ByteBuffer to, EpochStart start) {
        to.putLong(start.epoch())
                .putLong(start.startLsn())
                .putLong(start.previousEpoch())
                .putInt(start.chainAtStart());
    }

    static EpochStart epochStart(ByteBuffer from) {
        return new EpochStart(from.getLong(), from.getLong(), from.getLong(), from.getInt());
    }

    static void putLineage(ByteBuffer to, List<EpochStart> starts) {
        limit("epochs", starts.size(), MAX_EPOCHS);
        to.putShort((short) starts.size());
        for (var start : starts) {
            putEpochStart(to, start);
        }
    }

    /// That [#putLineage] takes.
    static int bytes(List<EpochStart> starts) {
        return 2 + EPOCH_START_BYTES * starts.size();
    }

    static List<EpochStart> lineage(ByteBuffer from) {
        var count = count(from, "epochs", MAX_EPOCHS, EPOCH_START_BYTES);
        var starts = new ArrayList<EpochStart>(count);
        for (var i = 0; i < count; i++) {
            starts.add(epochStart(from));
        }
        return List.copyOf(starts);
    }

    static void putMember(ByteBuffer to, Member member) {
        to.putInt(member.nodeId());
        putUuid(to, member.storageId());
        putText(to, member.peerAddress());
        putText(to, member.clientAddress());
    }

    static Member member(ByteBuffer from) {
        return new Member(from.getInt(), uuid(from), text(from), text(from));
    }

    static void putConfiguration(ByteBuffer to, Configuration configuration) {
        to.putLong(configuration.id());
        putMembers(to, configuration.voters());
        putMembers(to, configuration.learners());
    }

    /// That [#putConfiguration] takes at most.
    static int mostBytes(Configuration configuration) {
        var members = configuration.voters().size() + configuration.learners().size();
        return 8 + 2 + 2 + (MEMBER_BYTES + 2 * MAX_TEXT_BYTES) * members;
    }

    static Configuration configuration(ByteBuffer from) {
        return new Configuration(from.getLong(), members(from), members(from));
    }

    static void putLogged(ByteBuffer to, LoggedConfiguration logged) {
        to.putLong(logged.endLsn());
        putConfiguration(to, logged.configuration());
    }

    static LoggedConfiguration logged(ByteBuffer from) {
        return new LoggedConfiguration(from.getLong(), configuration(from));
    }

    private static void putMembers(ByteBuffer to, List<Member> members) {
        limit("members", members.size(), MAX_MEMBERS);
        to.putShort((short) members.size());
        for (var member : members) {
            putMember(to, member);
        }
    }

    private static List<Member> members(ByteBuffer from) {
        var count = count(from, "members", MAX_MEMBERS, MEMBER_BYTES);
        var members = new ArrayList<Member>(count);
        for (var i = 0; i < count; i++) {
            members.add(member(from));
        }
        return members;
    }
}
