package io.taffrail.simulation;

import io.taffrail.simulation.world.ProcessEnded;
import io.taffrail.simulation.world.SimulatedScheduler;
import org.jspecify.annotations.Nullable;

/// What a run has broken of its promises. Only the first counts: it ends the run, and the rest may be its
/// consequence.
public final class Violations {
    private final SimulatedScheduler scheduler;
    private @Nullable RuntimeException first;

    Violations(SimulatedScheduler scheduler) {
        this.scheduler = scheduler;
    }

    /// Null: every promise was kept so far.
    public @Nullable RuntimeException first() {
        return first;
    }

    public void fail(RuntimeException broken) {
        if (first == null) {
            first = broken;
            scheduler.note("VIOLATION " + broken.getMessage());
        }
    }

    /// A check runs in the middle of what it checks, which goes on whatever it finds; but the end of a process
    /// goes through.
    void guarded(Runnable check) {
        try {
            check.run();
        } catch (ProcessEnded end) {
            throw end;
        } catch (RuntimeException broken) {
            fail(broken);
        }
    }
}
