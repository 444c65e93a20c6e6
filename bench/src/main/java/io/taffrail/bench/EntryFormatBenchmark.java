package io.taffrail.bench;

import io.taffrail.wal.record.EntryHeader;
import io.taffrail.wal.record.EntryType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
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
import org.openjdk.jmh.annotations.Warmup;

/// The parts of an entry's cost that its size decides: checksum, copy, header.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class EntryFormatBenchmark {
    @Param({"132", "1056", "65568"})
    public int entryBytes;

    private ByteBuffer entry;
    private ByteBuffer view;
    private ByteBuffer target;
    private final CRC32C checksum = new CRC32C();

    @Setup(Level.Trial)
    public void fill() {
        var bytes = new byte[entryBytes];
        new Random(1).nextBytes(bytes);
        entry = ByteBuffer.allocateDirect(entryBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(0, bytes);
        entry.putInt(4, entryBytes).put(28, EntryType.RECORDS.code());
        view = entry.duplicate();
        target = ByteBuffer.allocateDirect(entryBytes);
    }

    @Benchmark
    public long checksum() {
        view.limit(entryBytes).position(4);
        checksum.reset();
        checksum.update(view);
        return checksum.getValue();
    }

    @Benchmark
    public ByteBuffer copy() {
        return target.put(0, entry, 0, entryBytes);
    }

    @Benchmark
    public EntryHeader header() {
        return EntryHeader.read(entry, 0);
    }
}
