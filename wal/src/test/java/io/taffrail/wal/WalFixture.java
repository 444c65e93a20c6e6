package io.taffrail.wal;

import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.file.Buffering;
import io.taffrail.wal.io.file.FileLogDirectory;
import io.taffrail.wal.io.sync.SyncIoMethod;
import io.taffrail.wal.record.EntryHeader;
import io.taffrail.wal.record.EntryType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A log in a real directory, with a clock that a test moves.
final class WalFixture implements AutoCloseable {
    static final WalConfig SMALL = new WalConfig(64 << 10, 10_000_000, 0, 5, 256 << 10, 128 << 10, 0, false);

    final LogDirectory directory;
    final SyncIoMethod io = new SyncIoMethod();
    final List<Long> flushed = new ArrayList<>();
    final List<String> failures = new ArrayList<>();
    final List<String> recovered = new ArrayList<>();
    long nowNanos = 1_000_000_000;
    Wal wal;

    WalFixture(Path path, WalConfig config) throws IOException {
        directory = FileLogDirectory.open(path, Buffering.BUFFERED);
        wal = open(config, 0, 0);
    }

    Wal open(WalConfig config, long durableHintLsn, long replayFromLsn) {
        recovered.clear();
        wal = Wal.open(
                config, directory, io, () -> nowNanos, listener(), durableHintLsn, replayFromLsn, this::recovered);
        return wal;
    }

    private void recovered(EntryHeader header, ByteBuffer payload) {
        recovered.add(StandardCharsets.UTF_8.decode(payload).toString());
    }

    WalListener listener() {
        return new WalListener() {
            @Override
            public void flushed(long lsn) {
                flushed.add(lsn);
            }

            @Override
            public void failed(String message) {
                failures.add(message);
            }
        };
    }

    EntryHeader append(String payload) {
        return wal.append(EntryType.RECORDS, 1, bytes(payload));
    }

    static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    void flush() {
        wal.requestFlush();
        for (var turn = 0; wal.flushedLsn() < wal.receivedLsn(); turn++) {
            if (turn == 10_000) {
                throw new AssertionError("not flushed: " + wal.stats() + failures);
            }
            wal.doWork(nowNanos);
        }
    }

    List<String> readAll(WalReader reader, long from) {
        var payloads = new ArrayList<String>();
        var target = ByteBuffer.allocate(8 << 10);
        for (var lsn = from; lsn < wal.receivedLsn(); ) {
            target.clear();
            var read = reader.read(lsn, Long.MAX_VALUE, target);
            if (read == 0) {
                throw new AssertionError("nothing at " + lsn);
            }
            for (var at = 0; at < read; ) {
                var header = EntryHeader.read(target, at);
                if (header.lsn() != lsn) {
                    throw new AssertionError(header + " at " + lsn);
                }
                payloads.add(StandardCharsets.UTF_8
                        .decode(target.slice(at + EntryHeader.SIZE_BYTES, header.payloadBytes()))
                        .toString());
                at += header.lengthBytes();
                lsn += header.lengthBytes();
            }
        }
        return payloads;
    }

    @Override
    public void close() throws IOException {
        wal.close();
        io.close();
        directory.close();
    }
}
