package io.taffrail.simulation;

import io.taffrail.simulation.fault.FaultBudget;
import io.taffrail.simulation.fault.FaultClass;
import io.taffrail.simulation.world.Randomness;
import io.taffrail.simulation.world.SimulatedDisk;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/// One run, drawn from its seed: which faults there are at all, how the cluster is set up, what clients do. Times
/// in nanoseconds.
///
/// @param nodes voters at the start
/// @param spares nodes that belong to no cluster at first, for changes of the members
/// @param faultEveryNanos mean time between two faults
public record SimulationOptions(
        long seed,
        int nodes,
        int spares,
        FaultBudget budget,
        Set<FaultClass> faults,
        long faultEveryNanos,
        long chaosNanos,
        Load load,
        Timing timing,
        Log log,
        SimulatedDisk.Geometry volume) {
    public static final long MILLI = 1_000_000;
    public static final long SECOND = 1_000_000_000;
    /// Each plot is in one run of so many; of those beyond the promise, which are a third, in three of so many.
    private static final int PLOTS = 10;

    /// @param thinkNanos mean pause of a client between two operations
    /// @param asynchronous whether appends that are acknowledged from memory occur at all
    public record Load(int producers, int readers, long thinkNanos, boolean asynchronous) {
        public Load with(int newProducers, int newReaders) {
            return new Load(newProducers, newReaders, thinkNanos, asynchronous);
        }
    }

    public record Timing(
            long heartbeatNanos,
            long electionTimeoutMinNanos,
            long electionTimeoutMaxNanos,
            long writerDelayNanos,
            long groupCommitDelayNanos) {}

    /// @param checkpointBytes log between two checkpoints of the streams' state
    /// @param retentionBytes what a stream keeps, 0: everything
    /// @param lagBytes how far a majority may lag before a leader admits nothing
    public record Log(int segmentBytes, long checkpointBytes, long retentionBytes, long lagBytes) {}

    public SimulationOptions {
        var sorted = EnumSet.noneOf(FaultClass.class);
        sorted.addAll(faults);
        faults = Collections.unmodifiableSet(sorted);
    }

    public static SimulationOptions of(long seed) {
        var random = new Randomness(seed).named("options");
        var budget = random.nextInt(3) == 0 ? FaultBudget.BEYOND_PROMISE : FaultBudget.WITHIN_PROMISE;
        var nodes = new int[] {1, 3, 3, 3, 3, 5}[random.nextInt(6)];
        var faults = faults(seed, random, budget);
        return new SimulationOptions(
                seed,
                nodes,
                faults.contains(FaultClass.MEMBERSHIP) && nodes < 5 ? 2 : 0,
                budget,
                faults,
                (100 + random.nextInt(2000)) * MILLI,
                (10 + random.nextInt(20)) * SECOND,
                new Load(
                        1 + random.nextInt(6),
                        random.nextInt(3),
                        think(seed, 1 + random.nextInt(60)) * MILLI,
                        random.nextInt(4) != 0),
                timing(random),
                new Log(
                        (16 << 10) << random.nextInt(4),
                        random.nextInt(3) == 0 ? 64L << 20 : (8L << 10) << random.nextInt(5),
                        random.nextInt(3) == 0 ? 0 : (16L << 10) << random.nextInt(4),
                        (4L << 10) << random.nextInt(6)),
                new SimulatedDisk.Geometry(
                        random.nextBoolean() ? 512 : 4096,
                        random.nextBoolean() ? 1 : 4096,
                        1L << 30,
                        random.nextInt(4) == 0));
    }

    /// As [#of], less what the system properties take away: `without` (kinds of faults, by comma), `chaosMillis`,
    /// `producers`, `readers`. So a run that was made smaller is replayed.
    public static SimulationOptions ofProperties(long seed) {
        var options = of(seed);
        var faults = EnumSet.noneOf(FaultClass.class);
        faults.addAll(options.faults());
        for (var name : System.getProperty("without", "").split(",")) {
            if (!name.isBlank()) {
                faults.remove(FaultClass.valueOf(name));
            }
        }
        var load = options.load();
        return options.withFaults(faults)
                .withChaos(Long.getLong("chaosMillis", options.chaosNanos() / MILLI) * MILLI)
                .withLoad(load.with(
                        Integer.getInteger("producers", load.producers()),
                        Integer.getInteger("readers", load.readers())));
    }

    /// The system properties that make [#ofProperties] answer these options.
    public String properties() {
        var drawn = of(seed);
        var without = EnumSet.noneOf(FaultClass.class);
        without.addAll(drawn.faults());
        without.removeAll(faults);
        var text = new StringBuilder("-Dseed=" + seed);
        if (!without.isEmpty()) {
            text.append(" -Dwithout=")
                    .append(without.stream().map(FaultClass::name).collect(Collectors.joining(",")));
        }
        if (chaosNanos != drawn.chaosNanos()) {
            text.append(" -DchaosMillis=").append(chaosNanos / MILLI);
        }
        if (!load.equals(drawn.load())) {
            text.append(" -Dproducers=").append(load.producers());
            text.append(" -Dreaders=").append(load.readers());
        }
        return text.toString();
    }

    private static EnumSet<FaultClass> faults(long seed, SplittableRandom random, FaultBudget budget) {
        var faults = EnumSet.noneOf(FaultClass.class);
        // Some runs have a few kinds of faults, some nearly all.
        var share = 0.1 + 0.6 * random.nextDouble();
        for (var fault : FaultClass.values()) {
            if (!isPlot(fault) && random.nextDouble() < share) {
                faults.add(fault);
            }
        }
        var plots = new Randomness(seed).named("plots");
        for (var fault : FaultClass.values()) {
            if (isPlot(fault)
                    && plots.nextInt(PLOTS) < (isBeyondPromise(fault) ? 3 : 1)
                    && (!needsSpares(fault) || faults.contains(FaultClass.MEMBERSHIP))) {
                faults.add(fault);
            }
        }
        if (budget == FaultBudget.WITHIN_PROMISE) {
            faults.removeIf(SimulationOptions::isBeyondPromise);
        }
        return faults;
    }

    private static boolean isBeyondPromise(FaultClass fault) {
        return fault == FaultClass.POWER_LOSS_OF_ALL
                || fault == FaultClass.UNTOLD_LOSS
                || fault == FaultClass.FORCED_RECOVERY;
    }

    private static boolean isPlot(FaultClass fault) {
        return fault.compareTo(FaultClass.FORGETFUL_WITNESS) >= 0;
    }

    private static boolean needsFive(FaultClass fault) {
        return fault == FaultClass.VOTER_RETURNS_WITH_LESS || fault == FaultClass.OLD_ACKNOWLEDGEMENTS_ARRIVE;
    }

    private static boolean needsSpares(FaultClass fault) {
        return fault == FaultClass.CORNERED_WITH_LEARNER || fault == FaultClass.MEMBERS_CHANGE_UNSEEN;
    }

    /// Leases show only where nothing else stops clients first: some append rarely.
    private static int think(long seed, int usualMillis) {
        var pace = new Randomness(seed).named("pace");
        return pace.nextInt(6) == 0 ? 100 + pace.nextInt(400) : usualMillis;
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
                seed, nodes, spares, budget, newFaults, faultEveryNanos, chaosNanos, load, timing, log, volume);
    }

    /// A short run of three nodes or more, five where a fault needs them, with these faults only, often, and with many
    /// appends from memory.
    public SimulationOptions provoked(Set<FaultClass> newFaults) {
        var kinds = EnumSet.copyOf(newFaults);
        if (budget == FaultBudget.WITHIN_PROMISE) {
            kinds.removeIf(SimulationOptions::isBeyondPromise);
        }
        var voters = kinds.stream().anyMatch(SimulationOptions::needsFive) ? 5 : Math.max(3, nodes);
        return new SimulationOptions(
                seed,
                voters,
                kinds.stream().anyMatch(kind -> kind == FaultClass.MEMBERSHIP || needsSpares(kind)) && voters < 5
                        ? 2
                        : 0,
                budget,
                kinds,
                Math.min(faultEveryNanos, 600 * MILLI),
                Math.min(chaosNanos, 12 * SECOND),
                new Load(
                        Math.max(3, load.producers()),
                        Math.max(1, load.readers()),
                        Math.min(load.thinkNanos(), 10 * MILLI),
                        true),
                timing,
                log,
                volume);
    }

    /// Whole milliseconds.
    public SimulationOptions withChaos(long newChaosNanos) {
        return new SimulationOptions(
                seed, nodes, spares, budget, faults, faultEveryNanos, newChaosNanos, load, timing, log, volume);
    }

    public SimulationOptions withLoad(Load newLoad) {
        return new SimulationOptions(
                seed, nodes, spares, budget, faults, faultEveryNanos, chaosNanos, newLoad, timing, log, volume);
    }

    public int allNodes() {
        return nodes + spares;
    }
}
