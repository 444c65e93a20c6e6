package io.taffrail.simulation.world;

import java.util.function.BooleanSupplier;

/// One process on one volume with no network around it: what the tests of the log by itself need.
public final class StandaloneProcess {
    private final Trace trace = new Trace(200);
    private final SimulatedScheduler scheduler;
    private final ProcessLife life;
    private final SimulatedEventLoop loop;
    private final SimulatedIoMethod io;
    private final SimulatedDisk disk;
    private final SimulatedLogDirectory directory;

    public StandaloneProcess(long seed) {
        this(seed, new SimulatedDisk(SimulatedDisk.Geometry.DEFAULT));
    }

    public StandaloneProcess(long seed, SimulatedDisk disk) {
        var randomness = new Randomness(seed);
        scheduler = new SimulatedScheduler(randomness.named("scheduler"), trace);
        life = new ProcessLife("standalone");
        loop = new SimulatedEventLoop(
                scheduler,
                new NodeClock(scheduler, 0, 1),
                randomness.named("loop"),
                life,
                StandaloneProcess::unexpected);
        io = new SimulatedIoMethod(scheduler, loop, life);
        this.disk = disk;
        directory = disk.mount(life, SimulatedDisk.BlockingTime.of(loop), Choices.random(randomness.named("choices")));
    }

    private static void unexpected(Throwable thrown) {
        if (thrown instanceof RuntimeException exception) {
            throw exception;
        }
    }

    public SimulatedScheduler scheduler() {
        return scheduler;
    }

    public ProcessLife life() {
        return life;
    }

    public SimulatedEventLoop loop() {
        return loop;
    }

    public SimulatedIoMethod io() {
        return io;
    }

    public SimulatedDisk disk() {
        return disk;
    }

    public SimulatedLogDirectory directory() {
        return directory;
    }

    /// Lets the process wait for its disk, and nothing else, until the condition holds.
    public void waitFor(BooleanSupplier condition) {
        for (var turns = 0; !condition.getAsBoolean(); turns++) {
            if (turns > 100_000) {
                throw new IllegalStateException("waited in vain; " + io.inFlight() + " requests in flight");
            }
            if (io.poll() == 0) {
                io.await(1_000_000);
            }
        }
    }
}
