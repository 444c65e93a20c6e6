package io.taffrail.simulation;

import io.taffrail.simulation.fault.PlantedBug;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// For each planted bug, the first seed that finds it: `BugHunt MAX_SEEDS [BUG...]`. The answer is the table of
/// the README.
public final class BugHunt {
    private static final int LINE_LIMIT = 140;

    private BugHunt() {}

    public static void main(String[] arguments) {
        var max = Long.parseLong(arguments[0]);
        var bugs = arguments.length > 1
                ? Arrays.stream(arguments).skip(1).map(PlantedBug::valueOf).toList()
                : List.of(PlantedBug.values());
        for (var bug : bugs) {
            if (bug != PlantedBug.NONE) {
                System.out.println(hunt(bug, max));
            }
        }
    }

    private static String hunt(PlantedBug bug, long max) {
        var started = System.nanoTime();
        var run = new PlantedRun(bug);
        for (var seed = 1L; seed <= max; seed++) {
            var violation = run.violation(seed);
            if (violation == null) {
                continue;
            }
            var without = run.violationWithout(seed);
            if (without != null) {
                System.out.printf("seed %s of %s fails without it, too: %s%n", seed, bug, firstLine(without));
                continue;
            }
            return String.format(
                    Locale.ROOT,
                    "%s %s %s|%.1f s|%s",
                    bug,
                    seed,
                    violation.split("[:\n]", 2)[0],
                    (System.nanoTime() - started) / 1e9,
                    firstLine(violation));
        }
        return "%s - not found by %s seeds".formatted(bug, max);
    }

    private static String firstLine(String text) {
        var line = text.lines().findFirst().orElse("");
        return line.substring(0, Math.min(LINE_LIMIT, line.length()));
    }
}
