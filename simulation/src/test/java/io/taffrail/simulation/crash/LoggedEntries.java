package io.taffrail.simulation.crash;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.simulation.world.Choices;
import io.taffrail.simulation.world.SimulatedDisk;
import io.taffrail.simulation.world.StandaloneProcess;
import io.taffrail.wal.RecoveryReport;
import io.taffrail.wal.Wal;
import io.taffrail.wal.WalConfig;
import io.taffrail.wal.WalListener;
import io.taffrail.wal.record.EntryHeader;
import io.taffrail.wal.record.EntryType;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/// A log, what was appended to it, and how much of that was promised.
final class LoggedEntries implements WalListener {
    static final WalConfig CONFIG = new WalConfig(16 << 10, 10_000_000, 0, 5, 64 << 10, 96 << 10, 0, false);

    record Logged(EntryHeader header, ByteBuffer payload) {}

    private final List<Logged> appended = new ArrayList<>();
    private final WalConfig config;
    private long flushedLsn;
    private long endLsn;

    LoggedEntries(WalConfig config) {
        this.config = config;
    }

    @Override
    public void flushed(long lsn) {
        flushedLsn = lsn;
    }

    @Override
    public void failed(String message) {
        throw new AssertionError("the disk failed: " + message);
    }

    long flushedLsn() {
        return flushedLsn;
    }

    Wal open(StandaloneProcess process) {
        return Wal.open(
                config,
                process.directory(),
                process.io(),
                process.loop()::nanoTime,
                this,
                0,
                0,
                (header, payload) -> {});
    }

    void append(Wal wal, int payloadBytes, long epoch) {
        var payload = new byte[payloadBytes];
        for (var i = 0; i < payloadBytes; i++) {
            payload[i] = (byte) (appended.size() * 31 + i + epoch);
        }
        assertEquals(Wal.Admission.ADMITTED, wal.admit(payloadBytes));
        var header = wal.append(EntryType.RECORDS, epoch, ByteBuffer.wrap(payload));
        assertEquals(endLsn, header.lsn());
        endLsn = header.endLsn();
        appended.add(new Logged(header, ByteBuffer.wrap(payload)));
    }

    void flush(StandaloneProcess process, Wal wal) {
        wal.requestFlush();
        for (var turns = 0; flushedLsn < endLsn; turns++) {
            assertTrue(turns < 10_000, "never flushed");
            if (wal.doWork(process.loop().nanoTime()) + process.io().poll() == 0) {
                process.io().await(1_000_000);
            }
        }
    }

    /// The owner cut the log at `lsn` and knows it.
    void truncated(long lsn) {
        appended.removeIf(entry -> entry.header().lsn() >= lsn);
        endLsn = lsn;
        flushedLsn = Math.min(flushedLsn, lsn);
    }

    List<Logged> appended() {
        return List.copyOf(appended);
    }

    long endLsn() {
        return endLsn;
    }

    /// Recovers the image, twice. `atLeastLsn`: what must be
    /// there. With `goOn` it is then used through another power loss.
    static void verify(WalConfig config, SimulatedDisk image, List<Logged> appended, long atLeastLsn, boolean goOn) {
        var first = recover(config, image, appended, atLeastLsn);
        image.losePower(options -> 0);
        var second = recover(config, image, appended, atLeastLsn);
        assertEquals(first.endLsn(), second.endLsn(), "the second recovery found another end");
        image.processEnded(options -> 0);
        if (goOn) {
            goOn(config, image, first.endLsn());
        }
    }

    private static RecoveryReport recover(
            WalConfig config, SimulatedDisk image, List<Logged> appended, long atLeastLsn) {
        var process = new StandaloneProcess(2, image);
        var found = new ArrayList<Logged>();
        var wal = Wal.open(
                config,
                process.directory(),
                process.io(),
                process.loop()::nanoTime,
                new LoggedEntries(config),
                0,
                0,
                (header, payload) -> found.add(new Logged(header, ByteBuffer.wrap(bytes(payload)))));
        var report = wal.recovery();
        assertNotEquals(RecoveryReport.Verdict.CORRUPT, report.verdict(), report::detail);
        assertTrue(
                report.endLsn() >= atLeastLsn,
                () -> "flushed up to " + atLeastLsn + ", recovered up to " + report.endLsn() + ": " + report.detail());
        assertEquals(report.endLsn(), wal.flushedLsn());
        for (var i = 0; i < found.size(); i++) {
            assertEquals(appended.get(i).header(), found.get(i).header());
            assertEquals(appended.get(i).payload(), found.get(i).payload());
        }
        var end = found.isEmpty() ? 0 : found.getLast().header().endLsn();
        assertEquals(report.endLsn(), end);
        read(wal, appended.subList(0, found.size()));
        process.life().end();
        image.processEnded(options -> 0);
        return report;
    }

    private static void read(Wal wal, List<Logged> expected) {
        try (var reader = wal.newReader()) {
            var target = ByteBuffer.allocate(1 << 16);
            for (var entry : expected) {
                target.clear();
                var length = reader.read(entry.header().lsn(), entry.header().endLsn(), target);
                assertEquals(entry.header().lengthBytes(), length);
                target.flip();
                assertEquals(entry.header(), EntryHeader.read(target, 0));
                target.position(EntryHeader.SIZE_BYTES);
                assertEquals(entry.payload(), target);
            }
        }
    }

    /// Another life on the image appends, flushes, appends without flushing and loses power: nothing of the first
    /// life's unflushed bytes may come back as a continuation.
    private static void goOn(WalConfig config, SimulatedDisk image, long endLsn) {
        for (Choices choices : new Choices[] {options -> 0, options -> options - 1}) {
            var copy = image.copy();
            var process = new StandaloneProcess(3, copy);
            var log = new LoggedEntries(config);
            var wal = log.open(process);
            log.endLsn = endLsn;
            log.flushedLsn = endLsn;
            var before = new ArrayList<EntryHeader>();
            for (var entries = 0; entries < 3; entries++) {
                log.append(wal, 700 * (entries + 1), 7);
                log.flush(process, wal);
            }
            log.append(wal, 900, 7);
            wal.doWork(process.loop().nanoTime());
            process.life().end();
            copy.losePower(choices);
            var last = new StandaloneProcess(4, copy);
            Wal.open(
                    config,
                    last.directory(),
                    last.io(),
                    last.loop()::nanoTime,
                    new LoggedEntries(config),
                    0,
                    0,
                    (header, payload) -> {
                        if (header.lsn() >= endLsn) {
                            before.add(header);
                        }
                    });
            var expected = log.appended.stream().map(Logged::header).toList();
            assertTrue(before.size() >= 3, "entries of the second life are lost: " + before);
            assertEquals(expected.subList(0, before.size()), before);
        }
    }

    private static byte[] bytes(ByteBuffer buffer) {
        var bytes = new byte[buffer.remaining()];
        buffer.get(buffer.position(), bytes);
        return bytes;
    }
}
