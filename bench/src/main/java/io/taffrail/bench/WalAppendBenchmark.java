package io.taffrail.bench;

import io.taffrail.wal.Wal;
import io.taffrail.wal.WalConfig;
import io.taffrail.wal.WalListener;
import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.file.Buffering;
import io.taffrail.wal.io.file.FileLogDirectory;
import io.taffrail.wal.record.EntryHeader;
import io.taffrail.wal.record.EntryType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// What an append costs the loop: copy, header, chained checksum, and its share of the group and of the segment
/// that it goes to, on a disk that takes no time. The disk's part is the load generator's to measure.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-Xmx1g"})
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class WalAppendBenchmark {
    private static final int APPENDS_A_TURN = 16;
    private static final long KEPT_BYTES = 256L << 20;

    @Param({"100", "1024", "16384"})
    public int payloadBytes;

    private Path folder;
    private FileLogDirectory directory;
    private IoMethod io;
    private Wal wal;
    private ByteBuffer payload;
    private long trimAtLsn;

    @Setup(Level.Trial)
    public void open() throws IOException {
        folder = Files.createTempDirectory("append");
        directory = FileLogDirectory.open(folder, Buffering.BUFFERED);
        io = new DiscardingIoMethod();
        var defaults = WalConfig.defaults();
        var config = new WalConfig(
                defaults.segmentBytes(),
                defaults.writerDelayNanos(),
                0,
                defaults.groupCommitSiblings(),
                defaults.pendingBytes(),
                defaults.tailCacheBytes(),
                0,
                false);
        var listener = new WalListener() {
            @Override
            public void flushed(long lsn) {}

            @Override
            public void failed(String message) {
                throw new IllegalStateException(message);
            }
        };
        wal = Wal.open(config, directory, io, System::nanoTime, listener, 0, Long.MAX_VALUE, (_, _) -> {});
        var bytes = new byte[payloadBytes];
        new Random(1).nextBytes(bytes);
        payload = ByteBuffer.allocateDirect(payloadBytes).put(0, bytes);
    }

    @TearDown(Level.Trial)
    public void close() throws IOException {
        wal.close();
        io.close();
        directory.close();
        try (var paths = Files.walk(folder)) {
            for (var path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private int turn;

    @Benchmark
    public EntryHeader append() {
        if (++turn % APPENDS_A_TURN == 0) {
            work();
        }
        while (wal.admit(payloadBytes) != Wal.Admission.ADMITTED) {
            work();
        }
        return wal.append(EntryType.RECORDS, 1, payload);
    }

    private void work() {
        wal.doWork(System.nanoTime());
        if (wal.flushedLsn() > trimAtLsn) {
            trimAtLsn = wal.flushedLsn() + KEPT_BYTES;
            wal.trim(wal.flushedLsn() - KEPT_BYTES);
        }
    }
}
