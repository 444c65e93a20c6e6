package io.taffrail.streams;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// The payload of a STREAM_CONTROL entry: version (1 byte), kind (1 byte), time (8), then the kind's fields
/// in the order of its record in [StreamChange], little-endian; see README.md, "Formats". A decoded length is
/// checked against what is left before anything is allocated for it; bytes left over are an error.
public final class StreamChangeCodec {
    static final byte VERSION = 1;

    private static final byte CREATED = 1;
    private static final byte UPDATED = 2;
    private static final byte DELETED = 3;
    private static final byte TRIMMED = 4;
    private static final byte FENCED = 5;
    private static final byte PRODUCER_REGISTERED = 6;
    private static final byte PRODUCERS_EXPIRED = 7;
    private static final byte CURSOR_COMMITTED = 8;
    private static final byte CURSOR_DELETED = 9;

    private StreamChangeCodec() {}

    public static ByteBuffer encode(StreamChange change) {
        var out = new ByteWriter();
        out.putByte(VERSION);
        out.putByte(kind(change));
        out.putLong(change.atMillis());
        switch (change) {
            case StreamChange.Created created -> {
                out.putLong(created.streamId());
                out.putString(created.name());
                StreamConfigCodec.encode(created.config(), out);
            }
            case StreamChange.Updated updated -> {
                out.putLong(updated.streamId());
                StreamConfigCodec.encode(updated.config(), out);
            }
            case StreamChange.Deleted deleted -> out.putLong(deleted.streamId());
            case StreamChange.Trimmed trimmed -> {
                out.putLong(trimmed.streamId());
                out.putLong(trimmed.startOffset());
                out.putLong(trimmed.firstLsn());
                out.putLong(trimmed.firstMillis());
                out.putLong(trimmed.trimmedBytes());
            }
            case StreamChange.Fenced fenced -> {
                out.putLong(fenced.streamId());
                out.putLong(fenced.fencingToken());
            }
            case StreamChange.ProducerRegistered registered -> {
                out.putLong(registered.producerId());
                out.putInt(registered.epoch());
                out.putString(registered.name());
            }
            case StreamChange.ProducersExpired expired -> out.putLong(expired.idleSinceMillis());
            case StreamChange.CursorCommitted committed -> {
                out.putLong(committed.streamId());
                out.putString(committed.cursor());
                out.putLong(committed.offset());
            }
            case StreamChange.CursorDeleted deleted -> {
                out.putLong(deleted.streamId());
                out.putString(deleted.cursor());
            }
        }
        return out.toBuffer();
    }

    private static byte kind(StreamChange change) {
        return switch (change) {
            case StreamChange.Created ignored -> CREATED;
            case StreamChange.Updated ignored -> UPDATED;
            case StreamChange.Deleted ignored -> DELETED;
            case StreamChange.Trimmed ignored -> TRIMMED;
            case StreamChange.Fenced ignored -> FENCED;
            case StreamChange.ProducerRegistered ignored -> PRODUCER_REGISTERED;
            case StreamChange.ProducersExpired ignored -> PRODUCERS_EXPIRED;
            case StreamChange.CursorCommitted ignored -> CURSOR_COMMITTED;
            case StreamChange.CursorDeleted ignored -> CURSOR_DELETED;
        };
    }

    /// Reads the buffer's remaining bytes without moving its position. Throws [CorruptStateException] for
    /// anything that [#encode] does not write.
    public static StreamChange decode(ByteBuffer payload) {
        var in = new ByteReader("STREAM_CONTROL payload", payload.slice().order(ByteOrder.LITTLE_ENDIAN));
        var version = in.takeByte();
        if (version != VERSION) {
            throw in.corrupt("version " + version + " is not known here");
        }
        var kind = in.takeByte();
        var at = in.takeLong();
        var change = switch (kind) {
            case CREATED -> new StreamChange.Created(at, in.takeId(), in.takeName(), StreamConfigCodec.decode(in));
            case UPDATED -> new StreamChange.Updated(at, in.takeId(), StreamConfigCodec.decode(in));
            case DELETED -> new StreamChange.Deleted(at, in.takeId());
            case TRIMMED ->
                new StreamChange.Trimmed(at, in.takeId(), in.takeCount(), in.takeLong(), in.takeLong(), in.takeCount());
            case FENCED -> new StreamChange.Fenced(at, in.takeId(), in.takeCount());
            case PRODUCER_REGISTERED ->
                new StreamChange.ProducerRegistered(at, in.takeId(), in.takeInt(), in.takeString(Names.MAX_BYTES));
            case PRODUCERS_EXPIRED -> new StreamChange.ProducersExpired(at, in.takeLong());
            case CURSOR_COMMITTED -> new StreamChange.CursorCommitted(at, in.takeId(), in.takeName(), in.takeCount());
            case CURSOR_DELETED -> new StreamChange.CursorDeleted(at, in.takeId(), in.takeName());
            default -> throw in.corrupt("kind " + kind + " is not known here");
        };
        in.expectEnd();
        return change;
    }
}
