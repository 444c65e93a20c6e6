package io.taffrail.simulation;

import io.taffrail.simulation.fault.FaultBudget;
import io.taffrail.simulation.fault.FaultClass;
import io.taffrail.simulation.world.Randomness;
import io.taffrail.simulation.world.SimulatedDisk;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import java.util.SplittableRandom;

/// One run, drawn from its seed: which faults there are at all, how the cluster is set up, what clients do. Times
/// in nanoseconds.
///
/// @param faultEveryNanos mean time between two faults
public record SimulationOptions(
        long seed,
        int nodes,
        FaultBudget budget,
        Set<FaultClass> faults,
        long faultEveryNanos,
        long chaosNanos,
        Load load,
        Timing timing,
        int segmentBytes,
        SimulatedDisk.Geometry volume) {
    public static final long MILLI = 1_000_000;
    public static final long SECOND = 1_000_000_000;

    /// @param thinkNanos mean pause of a client between two operations
    /// @param asynchronous whether appends that are acknowledged from memory occur at all
    public record Load(int producers, int readers, long thinkNanos, boolean asynchronous) {}

    public record Timing(
            long heartbeatNanos,
            long electionTimeoutMinNanos,
            long electionTimeoutMaxNanos,
            long writerDelayNanos,
            long groupCommitDelayNanos) {}

    public SimulationOptions {
        var sorted = EnumSet.noneOf(FaultClass.class);
        sorted.addAll(faults);
        faults = Collections.unmodifiableSet(sorted);
    }

    public static SimulationOptions of(long seed) {
        var random = new Randomness(seed).named("options");
        var budget = random.nextInt(3) == 0 ? FaultBudget.BEYOND_PROMISE : FaultBudget.WITHIN_PROMISE;
        return new SimulationOptions(
                seed,
                new int[] {1, 3, 3, 3, 3, 5}[random.nextInt(6)],
                budget,
                faults(random, budget),
                (100 + random.nextInt(2000)) * MILLI,
                (10 + random.nextInt(20)) * SECOND,
                new Load(
                        1 + random.nextInt(6),
                        random.nextInt(3),
                        (1 + random.nextInt(60)) * MILLI,
                        random.nextInt(4) != 0),
                timing(random),
                (16 << 10) << random.nextInt(4),
                new SimulatedDisk.Geometry(
                        random.nextBoolean() ? 512 : 4096,
                        random.nextBoolean() ? 1 : 4096,
                        1L << 30,
                        random.nextInt(4) == 0));
    }

    private static EnumSet<FaultClass> faults(SplittableRandom random, FaultBudget budget) {
        var faults = EnumSet.noneOf(FaultClass.class);
        // Some runs have a few kinds of faults, some nearly all.
        var share = 0.1 + 0.6 * random.nextDouble();
        for (var fault : FaultClass.values()) {
            if (random.nextDouble() < share) {
                faults.add(fault);
            }
        }
        if (budget == FaultBudget.WITHIN_PROMISE) {
            faults.remove(FaultClass.POWER_LOSS_OF_ALL);
        }
        return faults;
    }

    private static Timing timing(SplittableRandom random) {
        var heartbeat = (20 + random.nextInt(80)) * MILLI;
        var electionMin = heartbeat * (8 + random.nextInt(5));
        return new Timing(
                heartbeat,
                electionMin,
                electionMin * 2,
                (1 + random.nextInt(50)) * MILLI,
                random.nextInt(3) == 0 ? random.nextInt(3) * MILLI : 0);
    }

    public SimulationOptions withFaults(Set<FaultClass> newFaults) {
        return new SimulationOptions(
                seed, nodes, budget, newFaults, faultEveryNanos, chaosNanos, load, timing, segmentBytes, volume);
    }

    public SimulationOptions withChaos(long newChaosNanos) {
        return new SimulationOptions(
                seed, nodes, budget, faults, faultEveryNanos, newChaosNanos, load, timing, segmentBytes, volume);
    }

    public SimulationOptions withLoad(Load newLoad) {
        return new SimulationOptions(
                seed, nodes, budget, faults, faultEveryNanos, chaosNanos, newLoad, timing, segmentBytes, volume);
    }

    public int majority() {
        return nodes / 2 + 1;
    }

    /// Voters that may fail.
    public int tolerated() {
        return nodes - majority();
    }
}
