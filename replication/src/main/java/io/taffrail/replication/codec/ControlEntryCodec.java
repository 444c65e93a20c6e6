package io.taffrail.replication.codec;

import io.taffrail.replication.protocol.Configuration;
import io.taffrail.replication.protocol.Effect;
import io.taffrail.replication.protocol.EpochStart;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;

/// The payloads of EPOCH_BEGIN and CONFIG entries, little-endian, each behind a format version.
///
/// EPOCH_BEGIN: `version 1`, epoch start (28 bytes), leader 4, incarnation 8, configuration id 8, tier 1 (4: forced),
/// possible loss 1, count 2, node id 4 of each voter that testified.
///
/// CONFIG: `version 1`, id 8, voters, learners; a list is a count of 2 and its members; a member is node id 4,
/// storage id 16, peer address, client address; a text is a length of 2 and UTF-8.
public final class ControlEntryCodec {
    private static final byte VERSION = 1;
    private static final int MAX_EPOCH_BEGIN_BYTES = 64 + 4 * Fields.MAX_MEMBERS;
    private static final int MAX_CONFIG_BYTES = 16 + 2 * Fields.MAX_MEMBERS * (24 + 2 * Fields.MAX_TEXT_BYTES);

    private ControlEntryCodec() {}

    public static ByteBuffer encode(Effect.EpochBegin entry) {
        var to = ByteBuffer.allocate(MAX_EPOCH_BEGIN_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        to.put(VERSION);
        Fields.putEpochStart(to, entry.start());
        to.putInt(entry.leader()).putLong(entry.incarnation()).putLong(entry.configId());
        to.put((byte) entry.tier());
        Fields.putBoolean(to, entry.possibleLoss());
        Fields.limit("voters", entry.testified().size(), Fields.MAX_MEMBERS);
        to.putShort((short) entry.testified().size());
        for (var node : entry.testified()) {
            to.putInt(node);
        }
        return to.flip();
    }

    public static Effect.EpochBegin epochBegin(ByteBuffer payload) {
        var from = open(payload, "EPOCH_BEGIN");
        try {
            EpochStart start = Fields.epochStart(from);
            var leader = from.getInt();
            var incarnation = from.getLong();
            var configId = from.getLong();
            var tier = from.get();
            var possibleLoss = Fields.bool(from);
            var count = Fields.count(from, "voters", Fields.MAX_MEMBERS, 4);
            var testified = new ArrayList<Integer>(count);
            for (var i = 0; i < count; i++) {
                testified.add(from.getInt());
            }
            return new Effect.EpochBegin(start, leader, incarnation, configId, tier, possibleLoss, testified);
        } catch (BufferUnderflowException e) {
            throw new MalformedException("EPOCH_BEGIN is cut: " + payload.remaining() + " bytes");
        }
    }

    public static ByteBuffer encode(Configuration configuration) {
        var to = ByteBuffer.allocate(MAX_CONFIG_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        to.put(VERSION);
        Fields.putConfiguration(to, configuration);
        return to.flip();
    }

    public static Configuration configuration(ByteBuffer payload) {
        var from = open(payload, "CONFIG");
        try {
            return Fields.configuration(from);
        } catch (BufferUnderflowException e) {
            throw new MalformedException("CONFIG is cut: " + payload.remaining() + " bytes");
        }
    }

    private static ByteBuffer open(ByteBuffer payload, String what) {
        var from = payload.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        if (!from.hasRemaining() || from.get() != VERSION) {
            throw new MalformedException(what + " is not of format version " + VERSION);
        }
        return from;
    }
}
