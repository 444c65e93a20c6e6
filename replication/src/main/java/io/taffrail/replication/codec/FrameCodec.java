package io.taffrail.replication.codec;

import io.taffrail.replication.protocol.Integrity;
import io.taffrail.replication.protocol.LogPosition;
import io.taffrail.replication.protocol.Message;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32C;

/// A message between replicas as bytes, little-endian:
///
/// | at | bytes | |
/// |---|---|---|
/// | 0 | 2 | magic `FT` |
/// | 2 | 1 | format version, 1 |
/// | 3 | 1 | kind of message |
/// | 4 | 4 | length of the frame |
/// | 8 | 4 | CRC32C of the frame from 12 on |
/// | 12 | 4 | sender's node id |
/// | 16 | 16 | its storage id |
/// | 32 | 8 | its incarnation |
/// | 40 | 1 | whether a cluster follows; without one the next 32 bytes are 0 |
/// | 41 | 16 | cluster id |
/// | 57 | 16 | history id |
/// | 73 | | the message's fields in the order of its record; entries come last and fill the frame |
public final class FrameCodec {
    /// Entries of at most one full entry, and the fields before them.
    public static final int MAX_FRAME_BYTES = (16 << 20) + (1 << 16);

    private static final short MAGIC = 0x5446;
    private static final byte VERSION = 1;
    private static final int KIND_AT = 3;
    private static final int LENGTH_AT = 4;
    private static final int CRC_AT = 8;
    private static final int CHECKED_FROM = 12;
    private static final int HEADER_BYTES = 73;
    private static final int REPLICATE_BYTES = HEADER_BYTES + 8 + 8 + 25 + 20 + 1;
    private static final int FETCHED_BYTES = HEADER_BYTES + 8 + 20;
    private static final int MAX_SMALL_BYTES = 128 << 10;
    /// The header, and the fields of any message besides its lists.
    private static final int SMALL_BYTES = 192;

    private static final byte INVITE = 1;
    private static final byte UNINITIALIZED = 2;
    private static final byte PRE_VOTE = 3;
    private static final byte PRE_VOTE_REPLY = 4;
    private static final byte PREPARE = 5;
    private static final byte PROMISE = 6;
    private static final byte STALE = 7;
    private static final byte FETCH = 8;
    private static final byte FETCHED = 9;
    private static final byte TIMEOUT_NOW = 10;
    private static final byte HEARTBEAT = 11;
    private static final byte REPLICATE = 12;
    private static final byte JOIN = 13;
    private static final byte WELCOME = 14;
    private static final byte ACKNOWLEDGE = 15;
    private static final byte RESEED = 16;
    private static final byte SEED_REQUEST = 17;
    private static final byte SEED_CHUNK = 18;
    private static final byte OUTDATED = 19;
    private static final byte COMPARE = 20;
    private static final byte COMPARED = 21;
    private static final byte RANGE_REQUEST = 22;
    private static final byte RANGE = 23;

    private FrameCodec() {}

    public record Decoded(Envelope envelope, Message message) {}

    /// Whether the frame says that it carries entries; nothing else of it is looked at.
    public static boolean carriesEntries(ByteBuffer frame) {
        if (frame.remaining() <= KIND_AT) {
            return false;
        }
        var kind = frame.get(frame.position() + KIND_AT);
        return kind == REPLICATE || kind == FETCHED;
    }

    // Writing

    /// Begins a `Replicate` frame and leaves the position where the entries go; then [#finish].
    public static ByteBuffer beginReplicate(
            Envelope envelope,
            long epoch,
            long session,
            Message.LeaderView view,
            LogPosition previous,
            boolean flushNow,
            int entriesBytes) {
        var to = begin(envelope, REPLICATE, REPLICATE_BYTES + entriesBytes);
        to.putLong(epoch).putLong(session);
        putView(to, view);
        Fields.putPosition(to, previous);
        Fields.putBoolean(to, flushNow);
        return to;
    }

    /// As [#beginReplicate].
    public static ByteBuffer beginFetched(Envelope envelope, long epoch, LogPosition from, int entriesBytes) {
        var to = begin(envelope, FETCHED, FETCHED_BYTES + entriesBytes);
        to.putLong(epoch);
        Fields.putPosition(to, from);
        return to;
    }

    /// Ends a frame at the buffer's position; returns it ready to be sent.
    public static ByteBuffer finish(ByteBuffer frame) {
        frame.flip();
        frame.putInt(LENGTH_AT, frame.limit());
        frame.putInt(CRC_AT, checksum(frame));
        return frame;
    }

    public static ByteBuffer encode(Envelope envelope, Message message) {
        return switch (message) {
            case Message.Replicate(
                    long epoch,
                    long session,
                    Message.LeaderView view,
                    LogPosition previous,
                    boolean flushNow,
                    ByteBuffer entries) ->
                finish(beginReplicate(envelope, epoch, session, view, previous, flushNow, entries.remaining())
                        .put(entries.duplicate()));
            case Message.Fetched(long epoch, LogPosition from, ByteBuffer entries) ->
                finish(beginFetched(envelope, epoch, from, entries.remaining()).put(entries.duplicate()));
            default -> {
                var to = begin(envelope, kind(message), size(message));
                fields(to, message);
                yield finish(to);
            }
        };
    }

    private static int size(Message message) {
        return switch (message) {
            case Message.Invite invite ->
                SMALL_BYTES
                        + 16 * invite.formerHistories().size()
                        + Fields.mostBytes(invite.configuration().configuration());
            case Message.PreVoteReply reply ->
                SMALL_BYTES + Fields.mostBytes(reply.configuration().configuration());
            case Message.Promise promise ->
                SMALL_BYTES
                        + Fields.bytes(promise.lineage())
                        + Fields.mostBytes(promise.configuration().configuration());
            case Message.Join join -> SMALL_BYTES + Fields.bytes(join.lineage());
            case Message.Reseed reseed ->
                MAX_SMALL_BYTES
                        + 128 * reseed.files().size()
                        + 32 * reseed.lineage().size();
            case Message.SeedRequest _ -> 1024;
            case Message.SeedChunk chunk -> 1024 + chunk.bytes().remaining();
            case Message.Range range -> 192 + range.entries().remaining();
            default -> SMALL_BYTES;
        };
    }

    private static ByteBuffer begin(Envelope envelope, byte kind, int capacity) {
        var to = ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN);
        to.putShort(MAGIC).put(VERSION).put(kind).putInt(0).putInt(0);
        to.putInt(envelope.nodeId());
        Fields.putUuid(to, envelope.storageId());
        to.putLong(envelope.incarnation());
        var cluster = envelope.clusterId();
        var history = envelope.historyId();
        Fields.putBoolean(to, cluster != null);
        Fields.putUuid(to, cluster == null ? NOTHING : cluster);
        Fields.putUuid(to, history == null ? NOTHING : history);
        return to;
    }

    private static final UUID NOTHING = new UUID(0, 0);

    private static byte kind(Message message) {
        return switch (message) {
            case Message.Invite _ -> INVITE;
            case Message.Uninitialized _ -> UNINITIALIZED;
            case Message.PreVote _ -> PRE_VOTE;
            case Message.PreVoteReply _ -> PRE_VOTE_REPLY;
            case Message.Prepare _ -> PREPARE;
            case Message.Promise _ -> PROMISE;
            case Message.Stale _ -> STALE;
            case Message.Fetch _ -> FETCH;
            case Message.Fetched _ -> FETCHED;
            case Message.TimeoutNow _ -> TIMEOUT_NOW;
            case Message.Heartbeat _ -> HEARTBEAT;
            case Message.Replicate _ -> REPLICATE;
            case Message.Join _ -> JOIN;
            case Message.Welcome _ -> WELCOME;
            case Message.Acknowledge _ -> ACKNOWLEDGE;
            case Message.Reseed _ -> RESEED;
            case Message.SeedRequest _ -> SEED_REQUEST;
            case Message.SeedChunk _ -> SEED_CHUNK;
            case Message.Outdated _ -> OUTDATED;
            case Message.Compare _ -> COMPARE;
            case Message.Compared _ -> COMPARED;
            case Message.RangeRequest _ -> RANGE_REQUEST;
            case Message.Range _ -> RANGE;
        };
    }

    private static void fields(ByteBuffer to, Message message) {
        switch (message) {
            case Message.Invite invite -> {
                Fields.putUuid(to, invite.clusterId());
                Fields.putUuid(to, invite.historyId());
                Fields.putUuids(to, invite.formerHistories());
                Fields.putLogged(to, invite.configuration());
            }
            case Message.Uninitialized _ -> {}
            case Message.PreVote(long epoch, LogPosition end) -> {
                to.putLong(epoch);
                Fields.putPosition(to, end);
            }
            case Message.PreVoteReply reply -> {
                to.putLong(reply.epoch());
                Fields.putBoolean(to, reply.granted());
                to.putLong(reply.promisedEpoch());
                Fields.putPosition(to, reply.end());
                Fields.putLogged(to, reply.configuration());
            }
            case Message.Prepare(long epoch) -> to.putLong(epoch);
            case Message.Promise promise -> {
                to.putLong(promise.epoch());
                putIntegrity(to, promise.integrity());
                Fields.putPosition(to, promise.end());
                Fields.putLineage(to, promise.lineage());
                to.putLong(promise.quorumReceived()).putLong(promise.quorumFlushed());
                Fields.putLogged(to, promise.configuration());
                to.putInt(promise.previousLeader());
            }
            case Message.Stale(long epoch, long promisedEpoch) ->
                to.putLong(epoch).putLong(promisedEpoch);
            case Message.Outdated(UUID storageId, long incarnation) -> {
                Fields.putUuid(to, storageId);
                to.putLong(incarnation);
            }
            case Message.Fetch(long epoch, LogPosition from) -> {
                to.putLong(epoch);
                Fields.putPosition(to, from);
            }
            case Message.Compare(long epoch, long session, long lsn, int chainCrc) ->
                to.putLong(epoch).putLong(session).putLong(lsn).putInt(chainCrc);
            case Message.Compared(long epoch, long session, long lsn, int chainCrc) ->
                to.putLong(epoch).putLong(session).putLong(lsn).putInt(chainCrc);
            case Message.RangeRequest(LogPosition from, LogPosition end) -> {
                Fields.putPosition(to, from);
                Fields.putPosition(to, end);
            }
            case Message.Range(LogPosition from, ByteBuffer entries) -> {
                Fields.putPosition(to, from);
                to.put(entries.duplicate());
            }
            case Message.TimeoutNow(long epoch) -> to.putLong(epoch);
            case Message.Heartbeat(long epoch, long session, Message.LeaderView view, long sentLsn) -> {
                to.putLong(epoch).putLong(session);
                putView(to, view);
                to.putLong(sentLsn);
            }
            case Message.Join join -> {
                to.putLong(join.epoch()).putLong(join.nonce());
                putIntegrity(to, join.integrity());
                to.putLong(join.startLsn());
                Fields.putPosition(to, join.end());
                Fields.putLineage(to, join.lineage());
            }
            case Message.Welcome(long epoch, long nonce, long session, LogPosition cut, long rejoinLsn) -> {
                to.putLong(epoch).putLong(nonce).putLong(session);
                Fields.putPosition(to, cut);
                to.putLong(rejoinLsn);
            }
            case Message.Acknowledge ack -> {
                to.putLong(ack.epoch()).putLong(ack.session());
                putIntegrity(to, ack.integrity());
                to.putLong(ack.appendedLsn())
                        .putLong(ack.receivedLsn())
                        .putLong(ack.flushedLsn())
                        .putLong(ack.echoNanos());
            }
            case Message.Reseed reseed -> {
                to.putLong(reseed.epoch()).putLong(reseed.nonce());
                Fields.putPosition(to, reseed.start());
                Fields.putLineage(to, reseed.lineage());
                Fields.putLogged(to, reseed.configuration());
                Fields.limit("files", reseed.files().size(), Fields.MAX_FILES);
                to.putShort((short) reseed.files().size());
                for (var file : reseed.files()) {
                    Fields.putText(to, file.name());
                    to.putLong(file.sizeBytes());
                }
            }
            case Message.SeedRequest(long epoch, String file, long offset) -> {
                to.putLong(epoch);
                Fields.putText(to, file);
                to.putLong(offset);
            }
            case Message.SeedChunk(long epoch, String file, long offset, ByteBuffer bytes) -> {
                to.putLong(epoch);
                Fields.putText(to, file);
                to.putLong(offset);
                to.put(bytes.duplicate());
            }
            case Message.Replicate _, Message.Fetched _ ->
                throw new IllegalArgumentException("entries are written by beginReplicate and beginFetched");
        }
    }

    private static void putView(ByteBuffer to, Message.LeaderView view) {
        to.putLong(view.sentNanos()).putLong(view.quorumReceived()).putLong(view.quorumFlushed());
        Fields.putBoolean(to, view.acknowledgesFromMemory());
    }

    private static void putIntegrity(ByteBuffer to, Integrity integrity) {
        to.put(
                switch (integrity) {
                    case INTACT -> (byte) 0;
                    case AMNESIC -> (byte) 1;
                    case SUSPECT -> (byte) 2;
                });
    }

    // Reading

    /// Throws [MalformedException] for anything that [#encode] would not have written.
    public static Decoded decode(ByteBuffer bytes) {
        var from = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
        var length = from.remaining();
        if (length < HEADER_BYTES || length > MAX_FRAME_BYTES) {
            throw new MalformedException("frame of %s bytes".formatted(length));
        }
        if (from.getShort() != MAGIC || from.get() != VERSION) {
            throw new MalformedException("not a frame of version " + VERSION);
        }
        var kind = from.get();
        if (from.getInt() != length) {
            throw new MalformedException("frame of %s bytes says %s".formatted(length, from.getInt(LENGTH_AT)));
        }
        if (from.getInt()
                != checksum(from.duplicate().order(ByteOrder.LITTLE_ENDIAN).position(0))) {
            throw new MalformedException("the frame's checksum does not fit");
        }
        try {
            var envelope = envelope(from);
            var message = message(kind, from);
            if (from.hasRemaining()) {
                throw new MalformedException("%s bytes behind message %s".formatted(from.remaining(), kind));
            }
            return new Decoded(envelope, message);
        } catch (BufferUnderflowException e) {
            throw new MalformedException("message %s is cut".formatted(kind));
        }
    }

    private static int checksum(ByteBuffer frame) {
        var crc = new CRC32C();
        // The kind is covered as well: it decides how the rest is read. The length is what was received.
        crc.update(frame.get(KIND_AT));
        crc.update(frame.duplicate().position(CHECKED_FROM));
        return (int) crc.getValue();
    }

    private static Envelope envelope(ByteBuffer from) {
        var nodeId = from.getInt();
        var storageId = Fields.uuid(from);
        var incarnation = from.getLong();
        var member = Fields.bool(from);
        var clusterId = Fields.uuid(from);
        var historyId = Fields.uuid(from);
        return new Envelope(nodeId, storageId, incarnation, member ? clusterId : null, member ? historyId : null);
    }

    private static Message message(byte kind, ByteBuffer from) {
        return switch (kind) {
            case INVITE ->
                new Message.Invite(Fields.uuid(from), Fields.uuid(from), Fields.uuids(from), Fields.logged(from));
            case UNINITIALIZED -> new Message.Uninitialized();
            case PRE_VOTE -> new Message.PreVote(from.getLong(), Fields.position(from));
            case PRE_VOTE_REPLY ->
                new Message.PreVoteReply(
                        from.getLong(), Fields.bool(from), from.getLong(), Fields.position(from), Fields.logged(from));
            case PREPARE -> new Message.Prepare(from.getLong());
            case PROMISE ->
                new Message.Promise(
                        from.getLong(),
                        integrity(from),
                        Fields.position(from),
                        Fields.lineage(from),
                        from.getLong(),
                        from.getLong(),
                        Fields.logged(from),
                        from.getInt());
            case STALE -> new Message.Stale(from.getLong(), from.getLong());
            case OUTDATED -> new Message.Outdated(Fields.uuid(from), from.getLong());
            case FETCH -> new Message.Fetch(from.getLong(), Fields.position(from));
            case FETCHED -> new Message.Fetched(from.getLong(), Fields.position(from), entries(from));
            case TIMEOUT_NOW -> new Message.TimeoutNow(from.getLong());
            case HEARTBEAT -> new Message.Heartbeat(from.getLong(), from.getLong(), view(from), from.getLong());
            case REPLICATE ->
                new Message.Replicate(
                        from.getLong(),
                        from.getLong(),
                        view(from),
                        Fields.position(from),
                        Fields.bool(from),
                        entries(from));
            case JOIN ->
                new Message.Join(
                        from.getLong(),
                        from.getLong(),
                        integrity(from),
                        from.getLong(),
                        Fields.position(from),
                        Fields.lineage(from));
            case WELCOME ->
                new Message.Welcome(
                        from.getLong(), from.getLong(), from.getLong(), Fields.position(from), from.getLong());
            case ACKNOWLEDGE ->
                new Message.Acknowledge(
                        from.getLong(),
                        from.getLong(),
                        integrity(from),
                        from.getLong(),
                        from.getLong(),
                        from.getLong(),
                        from.getLong());
            case RESEED ->
                new Message.Reseed(
                        from.getLong(),
                        from.getLong(),
                        Fields.position(from),
                        Fields.lineage(from),
                        Fields.logged(from),
                        seedFiles(from));
            case SEED_REQUEST -> new Message.SeedRequest(from.getLong(), Fields.text(from), from.getLong());
            case SEED_CHUNK -> new Message.SeedChunk(from.getLong(), Fields.text(from), from.getLong(), entries(from));
            case COMPARE -> new Message.Compare(from.getLong(), from.getLong(), from.getLong(), from.getInt());
            case COMPARED -> new Message.Compared(from.getLong(), from.getLong(), from.getLong(), from.getInt());
            case RANGE_REQUEST -> new Message.RangeRequest(Fields.position(from), Fields.position(from));
            case RANGE -> new Message.Range(Fields.position(from), entries(from));
            default -> throw new MalformedException("message of unknown kind " + kind);
        };
    }

    private static Message.LeaderView view(ByteBuffer from) {
        return new Message.LeaderView(from.getLong(), from.getLong(), from.getLong(), Fields.bool(from));
    }

    private static List<Message.SeedFile> seedFiles(ByteBuffer from) {
        var count = Fields.count(from, "files", Fields.MAX_FILES, 10);
        var files = new ArrayList<Message.SeedFile>(count);
        for (var i = 0; i < count; i++) {
            files.add(new Message.SeedFile(Fields.text(from), from.getLong()));
        }
        return List.copyOf(files);
    }

    private static Integrity integrity(ByteBuffer from) {
        return switch (from.get()) {
            case 0 -> Integrity.INTACT;
            case 1 -> Integrity.AMNESIC;
            case 2 -> Integrity.SUSPECT;
            default -> throw new MalformedException("unknown integrity");
        };
    }

    private static ByteBuffer entries(ByteBuffer from) {
        var entries = from.slice();
        from.position(from.limit());
        return entries;
    }
}
