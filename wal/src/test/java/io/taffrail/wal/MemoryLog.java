package io.taffrail.wal;

import io.taffrail.wal.io.IoRequest;
import io.taffrail.wal.record.EntryHeader;
import io.taffrail.wal.record.EntryType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// A log on a [MemoryDirectory] with held I/O and a clock that a test moves.
final class MemoryLog {
    static final long DELAY = 10_000_000;
    static final WalConfig CONFIG = new WalConfig(16 << 10, DELAY, 0, 5, 256 << 10, 0, 0, false);

    final MemoryDirectory directory;
    final HeldIoMethod io = new HeldIoMethod();
    final WalConfig config;
    final List<Long> flushed = new ArrayList<>();
    final List<String> failures = new ArrayList<>();
    final List<String> recovered = new ArrayList<>();
    long nowNanos = 1_000_000_000;
    final Wal wal;

    MemoryLog(Map<String, byte[]> image) {
        this(MemoryDirectory.of(image), CONFIG, 0);
    }

    MemoryLog(MemoryDirectory directory, WalConfig config, long durableHintLsn) {
        this.directory = directory;
        this.config = config;
        this.wal = Wal.open(
                config,
                directory,
                io,
                () -> nowNanos,
                new WalListener() {
                    @Override
                    public void flushed(long lsn) {
                        flushed.add(lsn);
                    }

                    @Override
                    public void failed(String message) {
                        failures.add(message);
                    }
                },
                durableHintLsn,
                0,
                (header, payload) ->
                        recovered.add(StandardCharsets.UTF_8.decode(payload).toString()));
    }

    EntryHeader append(String payload) {
        return wal.append(EntryType.RECORDS, 1, WalFixture.bytes(payload));
    }

    /// Turns of the loop until nothing is left to do at this time.
    void settle() {
        for (var turn = 0; wal.doWork(nowNanos) > 0; turn++) {
            if (turn == 10_000) {
                throw new AssertionError("never idle: " + wal.stats());
            }
        }
    }

    void flush() {
        wal.requestFlush();
        settle();
    }

    List<String> read() {
        var payloads = new ArrayList<String>();
        var target = ByteBuffer.allocate(64 << 10);
        var reader = wal.newReader();
        for (var lsn = wal.startLsn(); lsn < wal.receivedLsn(); ) {
            target.clear();
            var read = reader.read(lsn, Long.MAX_VALUE, target);
            if (read == 0) {
                throw new AssertionError("nothing at " + lsn);
            }
            for (var at = 0; at < read; ) {
                var header = EntryHeader.read(target, at);
                payloads.add(StandardCharsets.UTF_8
                        .decode(target.slice(at + EntryHeader.SIZE_BYTES, header.payloadBytes()))
                        .toString());
                at += header.lengthBytes();
            }
            lsn += read;
        }
        return payloads;
    }

    /// The writes that are on their way, cut into pieces of so many bytes that reach the disk or not.
    List<Piece> pieces(int bytes) {
        var pieces = new ArrayList<Piece>();
        for (var request : io.held) {
            if (request instanceof IoRequest.Write write) {
                for (var at = 0; at < write.source().remaining(); at += bytes) {
                    var piece = ByteBuffer.allocate(bytes).put(0, write.source(), at, bytes);
                    pieces.add(new Piece(write.file().name(), Math.toIntExact(write.position()) + at, piece));
                }
            }
        }
        return pieces;
    }

    record Piece(String file, int position, ByteBuffer bytes) {
        void apply(Map<String, byte[]> image) {
            var file = image.get(file());
            if (file == null) {
                throw new AssertionError(file() + " was not there before it was written");
            }
            if (file.length < position + bytes.capacity()) {
                file = Arrays.copyOf(file, position + bytes.capacity());
                image.put(file(), file);
            }
            bytes.get(0, file, position, bytes.capacity());
        }
    }
}
