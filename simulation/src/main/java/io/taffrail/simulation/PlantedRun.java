package io.taffrail.simulation;

import io.taffrail.simulation.fault.PlantedBug;
import io.taffrail.simulation.fault.Provocations;
import io.taffrail.simulation.mistake.MistakenClassLoader;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/// Runs seeds with a planted bug. One that is made in the code runs in a class loader of its own, which this keeps.
public final class PlantedRun {
    private final PlantedBug bug;
    private final BiFunction<String, Long, @Nullable String> run;

    public PlantedRun(PlantedBug bug) {
        this.bug = bug;
        this.run = bug.edits().isEmpty() ? new Within() : mistaken(bug);
    }

    /// Null: the seed does not find it.
    public @Nullable String violation(long seed) {
        return run.apply(bug.name(), seed);
    }

    /// The same run without the mistake; null: it keeps every promise, so the mistake alone is what was found.
    public @Nullable String violationWithout(long seed) {
        var violation = Simulation.run(Provocations.options(bug, seed)).violation();
        return violation == null ? null : String.valueOf(violation.getMessage());
    }

    @SuppressWarnings("unchecked") // The class is this project's own, loaded anew.
    private static BiFunction<String, Long, @Nullable String> mistaken(PlantedBug bug) {
        try {
            return (BiFunction<String, Long, @Nullable String>) new MistakenClassLoader(bug.edits())
                    .loadClass(Within.class.getName())
                    .getConstructor()
                    .newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot plant " + bug, e);
        }
    }

    /// What runs within the class loader: only types that both sides share go in and out.
    public static final class Within implements BiFunction<String, Long, @Nullable String> {
        @Override
        public @Nullable String apply(String name, Long seed) {
            var result = Simulation.run(Provocations.options(PlantedBug.valueOf(name), seed), PlantedBug.valueOf(name));
            return result.violation() == null ? null : result.violation().getMessage();
        }
    }
}
