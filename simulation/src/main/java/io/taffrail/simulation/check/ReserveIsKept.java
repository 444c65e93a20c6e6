package io.taffrail.simulation.check;

import io.taffrail.simulation.SimulationOptions;
import java.util.HashMap;

/// I26: nothing is appended for a client once a replica has seen that only the reserve of its volume is left. What
/// counts is what the replica saw, since others may fill the volume between two looks; and two looks, since one of
/// them may be a question about something else than appends.
public final class ReserveIsKept {
    /// A log looks once a second; its clock runs a little slow, and a turn takes its time.
    private static final long BETWEEN_LOOKS_NANOS = SimulationOptions.SECOND * 5 / 4;

    private static final class Looks {
        /// -1: it saw more than the reserve when it looked last.
        long scarceSinceNanos = -1;
        long scarceNanos;
    }

    private final long reserveBytes;
    private final HashMap<String, Looks> processes = new HashMap<>();

    public ReserveIsKept(long reserveBytes) {
        this.reserveBytes = reserveBytes;
    }

    /// The process asks how much of its volume is free. Returns whether no more than the reserve is.
    public boolean looked(String process, long atNanos, long freeBytes) {
        var looks = processes.computeIfAbsent(process, key -> new Looks());
        if (freeBytes >= reserveBytes) {
            looks.scarceSinceNanos = -1;
            return false;
        }
        if (looks.scarceSinceNanos < 0) {
            looks.scarceSinceNanos = atNanos;
        }
        looks.scarceNanos = atNanos;
        return true;
    }

    /// `process` has appended what a client submitted at `submittedNanos`.
    public void appended(String process, long submittedNanos) {
        var looks = processes.get(process);
        if (looks == null || looks.scarceSinceNanos < 0) {
            return;
        }
        var known = looks.scarceSinceNanos + BETWEEN_LOOKS_NANOS;
        if (submittedNanos > known && looks.scarceNanos > looks.scarceSinceNanos) {
            throw new InvariantViolation(
                    "ReserveIsKept",
                    "%s appended what was submitted at %s, and has seen since %s that less than its reserve of %s bytes is left"
                            .formatted(process, submittedNanos, looks.scarceSinceNanos, reserveBytes));
        }
    }
}
