package io.taffrail.simulation;

import java.util.Locale;

/// Prints a line for each seed with the hash of its trace: `TraceHashes FIRST COUNT CHAOS_SECONDS`. Two processes that
/// print different lines show that a run depends on something besides its seed.
public final class TraceHashes {
    private TraceHashes() {}

    public static void main(String[] arguments) {
        var first = Long.parseLong(arguments[0]);
        var count = Long.parseLong(arguments[1]);
        var chaosNanos = Long.parseLong(arguments[2]) * SimulationOptions.SECOND;
        for (var seed = first; seed < first + count; seed++) {
            var result = Simulation.run(SimulationOptions.of(seed).withChaos(chaosNanos));
            System.out.printf(
                    Locale.ROOT, "seed %s: trace %016x, %s events%n", seed, result.traceHash(), result.events());
        }
    }
}
