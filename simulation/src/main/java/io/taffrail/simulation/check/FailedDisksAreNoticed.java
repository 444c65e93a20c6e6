package io.taffrail.simulation.check;

import io.taffrail.simulation.SimulationOptions;
import java.util.HashMap;

/// I23: a process whose disk has refused to write or flush what it needs falls silent soon. Whether it tells of a
/// failure itself does not matter: what it was told may have gone unheard.
public final class FailedDisksAreNoticed {
    /// A turn that was on its way, and a call that blocks.
    private static final long SOON_NANOS = SimulationOptions.SECOND;
    /// One that stood still says what it had decided to, and then hears of its disk.
    private static final long LAST_WORDS_NANOS = 200 * SimulationOptions.MILLI;

    private final HashMap<String, Long> failedNanos = new HashMap<>();
    private final HashMap<String, Long> firstLateNanos = new HashMap<>();

    /// A file of the log, or one of the two small ones, could not be written or flushed.
    public void failed(String process, long atNanos) {
        failedNanos.putIfAbsent(process, atNanos);
    }

    public void says(String process, long atNanos, Object what) {
        var failed = failedNanos.get(process);
        if (failed == null || atNanos - failed < SOON_NANOS) {
            return;
        }
        var firstLate = firstLateNanos.computeIfAbsent(process, key -> atNanos);
        if (atNanos - firstLate > LAST_WORDS_NANOS) {
            throw new InvariantViolation(
                    "FailedDisksAreNoticed",
                    "%s says %s, %s ns after its disk failed".formatted(process, what, atNanos - failed));
        }
    }
}
