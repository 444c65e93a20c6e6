package io.taffrail.bench;

import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.file.Buffering;
import io.taffrail.wal.io.file.FileLogDirectory;
import io.taffrail.wal.io.selection.IoMethods;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

/// What a request from another thread pays to make sure that the loop sees it: while the loop is busy, and when
/// it has to be woken.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class WakeupBenchmark {
    private static final long LONG_NANOS = 3_600_000_000_000L;

    @Param({"io_uring", "posix_aio", "worker"})
    public String method = "";

    private Path folder;
    private FileLogDirectory directory;
    private IoMethod io;

    @Setup(Level.Trial)
    public void open() throws IOException {
        folder = Files.createTempDirectory("wakeup");
        directory = FileLogDirectory.open(folder, Buffering.BUFFERED);
        io = IoMethods.open(method, directory, Runnable::run).method();
    }

    @TearDown(Level.Trial)
    public void close() throws IOException {
        io.close();
        directory.close();
        Files.delete(folder.resolve("lock"));
        Files.delete(folder);
    }

    @Benchmark
    public void ofABusyLoop() {
        io.wakeup();
    }

    /// The wake-up of one turn and the wait that it ends, without a change of threads.
    @Benchmark
    public void andTheWaitThatItEnds() {
        io.wakeup();
        io.await(LONG_NANOS);
    }
}
