package io.taffrail.replication;

import io.taffrail.replication.codec.Envelope;
import io.taffrail.replication.codec.FrameCodec;
import io.taffrail.replication.port.Network;
import io.taffrail.replication.protocol.Effect;
import io.taffrail.replication.protocol.Event;
import io.taffrail.replication.protocol.LogPosition;
import io.taffrail.wal.Wal;
import io.taffrail.wal.WalException;
import io.taffrail.wal.WalReader;
import io.taffrail.wal.record.EntryHeader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/// Attaches the log's bytes to what the core ships, straight into the frame.
final class FrameShipper {
    /// Large enough that its fixed cost does not count, small enough that a heartbeat behind it is not late.
    static final int FRAME_BYTES = 1 << 20;

    private final Wal wal;
    private final WalReader reader;
    private final Network network;
    private final long maxUnsentBytes;

    FrameShipper(Wal wal, WalReader reader, Network network, int pendingBytes) {
        this.wal = wal;
        this.reader = reader;
        this.network = network;
        this.maxUnsentBytes = Math.max(FRAME_BYTES, pendingBytes / 8);
    }

    /// Null: the connection has no room, or the bytes cannot be read; the core asks again.
    Event.@Nullable Shipped ship(Envelope envelope, Effect.Ship ship) {
        if (network.unsentBytes(ship.to()) > maxUnsentBytes) {
            return null;
        }
        var previous = ship.previous();
        var frame = fill(
                previous.lsn(),
                bytes -> FrameCodec.beginReplicate(
                        envelope, ship.epoch(), ship.session(), ship.view(), previous, ship.flushNow(), bytes));
        if (frame == null) {
            return null;
        }
        network.send(ship.to(), FrameCodec.finish(frame.buffer()));
        return new Event.Shipped(ship.to(), ship.session(), frame.end());
    }

    void serve(Envelope envelope, Effect.Serve serve) {
        if (network.unsentBytes(serve.to()) > maxUnsentBytes) {
            return;
        }
        var frame = fill(
                serve.from().lsn(), bytes -> FrameCodec.beginFetched(envelope, serve.epoch(), serve.from(), bytes));
        if (frame != null) {
            network.send(serve.to(), FrameCodec.finish(frame.buffer()));
        }
    }

    private record Filled(ByteBuffer buffer, LogPosition end) {}

    @FunctionalInterface
    private interface Beginning {
        ByteBuffer begin(int entriesBytes);
    }

    private @Nullable Filled fill(long fromLsn, Beginning beginning) {
        var limit = wal.receivedLsn();
        if (fromLsn >= limit || fromLsn < wal.startLsn()) {
            return null;
        }
        try {
            var frame = beginning.begin((int) Math.min(FRAME_BYTES, limit - fromLsn));
            var entriesAt = frame.position();
            var read = reader.read(fromLsn, limit, frame);
            if (read == 0) {
                frame = beginning.begin(reader.header(fromLsn).lengthBytes());
                read = reader.read(fromLsn, limit, frame);
            }
            return read == 0 ? null : new Filled(frame, end(frame, entriesAt, fromLsn + read));
        } catch (WalException.BadEntry corrupt) {
            // No byte that fails its checksum is ever sent (I22). The follower stays behind until another leads.
            return null;
        }
    }

    private LogPosition end(ByteBuffer frame, int entriesAt, long endLsn) {
        if (endLsn == wal.receivedLsn()) {
            return new LogPosition(endLsn, wal.lastEpoch(), wal.chainCrc());
        }
        var bytes = frame.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        var at = entriesAt;
        for (var length = bytes.getInt(at + 4); at + length < frame.position(); length = bytes.getInt(at + 4)) {
            at += length;
        }
        var last = EntryHeader.read(bytes, at);
        return new LogPosition(endLsn, last.epoch(), last.crc());
    }
}
