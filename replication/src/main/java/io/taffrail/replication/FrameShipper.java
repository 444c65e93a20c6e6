package io.taffrail.replication;

import io.taffrail.replication.codec.Envelope;
import io.taffrail.replication.codec.FrameCodec;
import io.taffrail.replication.port.EventLoop;
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
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Attaches the log's bytes to what the core ships, straight into the frame.
final class FrameShipper {
    /// Large enough that its fixed cost does not count, small enough that a heartbeat behind it is not late.
    static final int FRAME_BYTES = 1 << 20;
    /// Of what has to be read from the disk, off the loop, while the frame before it is on its way.
    static final int DISK_FRAME_BYTES = 256 << 10;

    /// A follower that lacks more is catching up, also where memory holds it: one that is shipped to as the log grows
    /// lacks no more than its window, which is less.
    private static final long BEHIND_BYTES = 16L << 20;

    private final Wal wal;
    private final WalReader reader;
    private final Network network;
    private final Supplier<DiskReads> diskReads;
    private final EventLoop loop;
    private final CatchUpPace pace;
    private final Ready ready;
    private long maxUnsentBytes;
    private final TreeMap<Integer, CatchUp> catchUps = new TreeMap<>();
    private long generation;

    /// Who hears what becomes of a read.
    interface Ready {
        /// What was asked to be shipped to the node is in memory.
        void shipReady(int to);

        /// The log is not what was written there.
        void damaged(long lsn);
    }

    /// What one follower is sent that is behind; from the disk one read at a time, and one piece that waits to be sent.
    private static final class CatchUp {
        final DiskReads reads;
        final PacedFollower paced;

        @Nullable
        Piece piece;

        CatchUp(DiskReads reads, PacedFollower paced) {
            this.reads = reads;
            this.paced = paced;
        }
    }

    private record Piece(long fromLsn, ByteBuffer entries) {}

    /// @param diskReads makes another one for each follower
    FrameShipper(
            Wal wal,
            WalReader reader,
            Network network,
            int pendingBytes,
            Supplier<DiskReads> diskReads,
            CatchUpPace pace,
            EventLoop loop,
            Ready ready) {
        this.wal = wal;
        this.reader = reader;
        this.network = network;
        this.diskReads = diskReads;
        this.loop = loop;
        this.pace = pace;
        this.ready = ready;
        pendingBytes(pendingBytes);
    }

    /// Of which a part may be unsent in each connection.
    void pendingBytes(int bytes) {
        maxUnsentBytes = Math.max(FRAME_BYTES, bytes / 8);
    }

    /// The log was cut, or begun anew: what was read of it may not be what it holds.
    void cut() {
        generation++;
        catchUps.clear();
    }

    /// Null: the connection has no room, or the bytes are not in memory yet, or cannot be read; the core asks
    /// again, of the bytes at once when they have come.
    Event.@Nullable Shipped ship(Envelope envelope, Effect.Ship ship) {
        if (network.unsentBytes(ship.to()) > maxUnsentBytes) {
            return null;
        }
        var previous = ship.previous();
        if (previous.lsn() >= wal.receivedLsn() || previous.lsn() < wal.startLsn()) {
            return null;
        }
        if (!wal.isInMemory(previous.lsn())) {
            return shipFromDisk(envelope, ship);
        }
        if (wal.receivedLsn() - previous.lsn() > BEHIND_BYTES
                && !catchUp(ship.to()).paced.isDue(FRAME_BYTES)) {
            return null;
        }
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

    /// The disk is not waited for on the loop: a leader that did would be late for everybody's appends.
    private Event.@Nullable Shipped shipFromDisk(Envelope envelope, Effect.Ship ship) {
        var from = ship.previous().lsn();
        var catchUp = catchUp(ship.to());
        var piece = catchUp.piece;
        catchUp.piece = null;
        if (piece == null || piece.fromLsn() != from) {
            var bytes = (int) Math.min(DISK_FRAME_BYTES, wal.receivedLsn() - from);
            if (!catchUp.reads.isBusy() && catchUp.paced.isDue(bytes)) {
                read(ship.to(), catchUp, from);
            }
            return null;
        }
        var entries = piece.entries();
        var frame = FrameCodec.beginReplicate(
                envelope,
                ship.epoch(),
                ship.session(),
                ship.view(),
                ship.previous(),
                ship.flushNow(),
                entries.remaining());
        var entriesAt = frame.position();
        frame.put(entries.duplicate());
        var end = end(frame, entriesAt, from + entries.remaining());
        network.send(ship.to(), FrameCodec.finish(frame));
        return new Event.Shipped(ship.to(), ship.session(), end);
    }

    private CatchUp catchUp(int to) {
        return catchUps.computeIfAbsent(
                to, _ -> new CatchUp(diskReads.get(), new PacedFollower(pace, loop, () -> ready.shipReady(to))));
    }

    private void read(int to, CatchUp catchUp, long from) {
        var limit = wal.receivedLsn();
        var asked = generation;
        catchUp.reads.submit(
                walReader -> entries(walReader, from, limit),
                entries -> {
                    if (entries != null && asked == generation) {
                        catchUp.piece = new Piece(from, entries);
                        ready.shipReady(to);
                    }
                },
                () -> ready.damaged(from));
    }

    private static ByteBuffer entries(WalReader walReader, long from, long limit) {
        var bytes = ByteBuffer.allocate((int) Math.min(DISK_FRAME_BYTES, limit - from));
        if (walReader.read(from, limit, bytes) == 0) {
            bytes = ByteBuffer.allocate(walReader.header(from).lengthBytes());
            walReader.read(from, limit, bytes);
        }
        return bytes.flip();
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
        } catch (WalException.BadEntry | WalException.Unusable corrupt) {
            // No byte that fails its checksum is ever sent (I22). The follower stays behind until another leads.
            ready.damaged(fromLsn);
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
