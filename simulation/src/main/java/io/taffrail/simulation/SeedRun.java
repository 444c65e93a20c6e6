package io.taffrail.simulation;

import io.taffrail.simulation.fault.PlantedBug;

/// Runs seeds from the command line: `SeedRun FIRST [COUNT [PLANTED_BUG]]`; with a bug, until it is found.
public final class SeedRun {
    private SeedRun() {}

    public static void main(String[] arguments) {
        var first = Long.parseLong(arguments[0]);
        var count = arguments.length > 1 ? Long.parseLong(arguments[1]) : 1;
        var bug = arguments.length > 2 ? PlantedBug.valueOf(arguments[2]) : PlantedBug.NONE;
        var failures = 0;
        var coverage = new Coverage();
        for (var seed = first; seed < first + count; seed++) {
            var result = Simulation.run(SimulationOptions.ofProperties(seed), bug);
            coverage.addAll(result.coverage());
            if (result.violation() != null) {
                failures++;
                System.out.println(FailureReport.of(result, count == 1 ? Integer.MAX_VALUE : 0));
                if (bug != PlantedBug.NONE) {
                    System.out.printf("%s was found by seed %s%n", bug, seed);
                    return;
                }
            } else if (count == 1) {
                System.out.println(FailureReport.summary(result));
            }
        }
        coverage.print(System.out);
        System.out.printf("%s seeds, %s failed%n", count, failures);
    }
}
