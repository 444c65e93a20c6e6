package io.taffrail.simulation;

import io.taffrail.simulation.fault.FaultClass;
import java.util.EnumSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Makes a failing run smaller while the same promise still breaks: fewer kinds of faults, less time, fewer clients.
/// Components draw from streams of their own, so that one thing less leaves most of the others as they were.
public final class Shrinker {
    private final Function<SimulationOptions, Simulation.Result> runner;
    private final String promise;
    private int runsLeft;
    private SimulationOptions smallest;

    private Shrinker(
            SimulationOptions failing,
            String promise,
            Function<SimulationOptions, Simulation.Result> runner,
            int maxRuns) {
        this.smallest = failing;
        this.promise = promise;
        this.runner = runner;
        this.runsLeft = maxRuns;
    }

    /// `failed`: a result with a violation. At most `maxRuns` runs, and those as the `runner` runs them.
    public static SimulationOptions shrink(
            Simulation.Result failed, Function<SimulationOptions, Simulation.Result> runner, int maxRuns) {
        var promise = promise(failed);
        if (promise == null) {
            throw new IllegalArgumentException("seed " + failed.options().seed() + " breaks no promise");
        }
        var shrinker = new Shrinker(failed.options(), promise, runner, maxRuns);
        shrinker.run(failed.simulatedNanos());
        return shrinker.smallest;
    }

    /// The name of what was broken, without its numbers; null: nothing was.
    static @Nullable String promise(Simulation.Result result) {
        var violation = result.violation();
        return violation == null ? null : String.valueOf(violation.getMessage()).split("[:\n]", 2)[0];
    }

    private void run(long brokenAtNanos) {
        for (var fault : FaultClass.values()) {
            if (smallest.faults().contains(fault)) {
                var fewer = EnumSet.noneOf(FaultClass.class);
                fewer.addAll(smallest.faults());
                fewer.remove(fault);
                attempt(smallest.withFaults(fewer));
            }
        }
        attempt(smallest.withChaos(Math.min(smallest.chaosNanos(), wholeMillis(brokenAtNanos))));
        for (var chaos = wholeMillis(smallest.chaosNanos() / 2);
                chaos > 0 && attempt(smallest.withChaos(chaos));
                chaos = wholeMillis(chaos / 2)) {
            // Each half that breaks as well is halved again.
        }
        var load = smallest.load();
        attempt(smallest.withLoad(load.with(load.producers(), 0)));
        while (smallest.load().producers() > 1
                && attempt(smallest.withLoad(smallest.load()
                        .with(smallest.load().producers() - 1, smallest.load().readers())))) {
            // One client less, as long as it breaks.
        }
    }

    private static long wholeMillis(long nanos) {
        return nanos / SimulationOptions.MILLI * SimulationOptions.MILLI;
    }

    private boolean attempt(SimulationOptions options) {
        if (runsLeft == 0 || options.equals(smallest)) {
            return false;
        }
        runsLeft--;
        if (!promise.equals(promise(runner.apply(options)))) {
            return false;
        }
        smallest = options;
        return true;
    }
}
