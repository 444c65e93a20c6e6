package io.taffrail.simulation.fault;

import io.taffrail.simulation.world.DiskBehaviour;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// A disk whose speed and failures the plan turns on and off.
final class FaultyDisk implements DiskBehaviour {
    private final SplittableRandom random;
    private double slowness = 1;
    private long stalledUntilNanos;
    private double syncFailureRate;
    private double writeFailureRate;
    private boolean readsShowDisk;
    private final LongSupplier nowNanos;
    private final Failed failed;
    private final PlantedBug bug;

    interface Failed {
        /// `lasts`: reads go on showing bytes that the disk does not hold. `vital`: the file is one that a replica
        /// cannot do without.
        void failed(boolean lasts, boolean vital);
    }

    FaultyDisk(SplittableRandom random, LongSupplier nowNanos, Failed failed, PlantedBug bug) {
        this.random = random;
        this.nowNanos = nowNanos;
        this.failed = failed;
        this.bug = bug;
    }

    void slowness(double factor) {
        slowness = factor;
    }

    void stallUntil(long timeNanos) {
        stalledUntilNanos = timeNanos;
    }

    void failSyncs(double rate, boolean showDisk) {
        syncFailureRate = rate;
        readsShowDisk = showDisk;
    }

    void failWrites(double rate) {
        writeFailureRate = rate;
    }

    void heal() {
        slowness = 1;
        stalledUntilNanos = 0;
        syncFailureRate = 0;
        writeFailureRate = 0;
    }

    @Override
    public long latencyNanos(Operation operation, int bytes) {
        var base = switch (operation) {
            case READ -> 20_000 + random.nextLong(60_000);
            case WRITE -> 20_000 + random.nextLong(100_000) + bytes / 4;
            case SYNC -> 100_000 + random.nextLong(400_000);
            case METADATA -> 5_000 + random.nextLong(20_000);
        };
        // A few requests take much longer than the others, as on any disk.
        var spike = random.nextInt(500) == 0 ? 20 : 1;
        return (long) (base * slowness * spike);
    }

    @Override
    public long stallNanos() {
        return Math.max(0, stalledUntilNanos - nowNanos.getAsLong());
    }

    @Override
    public boolean syncLies(String file) {
        return bug.syncLies(file);
    }

    @Override
    public boolean retriesFailedSyncs() {
        return bug.retriesFailedSyncs();
    }

    @Override
    public @Nullable Failure failure(Operation operation, String file) {
        var rate = switch (operation) {
            case SYNC -> syncFailureRate;
            case WRITE -> writeFailureRate;
            case READ, METADATA -> 0;
        };
        if (rate == 0 || random.nextDouble() >= rate) {
            return null;
        }
        failed.failed(operation == Operation.SYNC && !readsShowDisk && isReadAgain(file), isReadAgain(file));
        return new Failure(
                Failure.IO_ERROR.errno(), Failure.IO_ERROR.message(), operation == Operation.SYNC && readsShowDisk);
    }

    /// Whatever else is written gets its name when it is flushed, and is given up when it cannot be.
    private static boolean isReadAgain(String file) {
        return file.endsWith(".segment") || file.equals("meta") || file.equals("lineage");
    }
}
