package io.taffrail.bench.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/// Cores that this process and the rest of the machine use, from `/proc/stat`: a run on a busy machine says
/// little, and must not look like one on a quiet one.
final class CpuUse {
    private static final Path STAT = Path.of("/proc/stat");
    private static final double TICKS_PER_SECOND = 100;

    private final long startNanos = System.nanoTime();
    private final double startBusySeconds = busySeconds();
    private final double startOwnSeconds = ownSeconds();

    record Cores(double own, double other) {}

    Cores sinceStart() {
        var seconds = (System.nanoTime() - startNanos) / 1e9;
        var own = (ownSeconds() - startOwnSeconds) / seconds;
        return new Cores(own, Math.max(0, (busySeconds() - startBusySeconds) / seconds - own));
    }

    private static double ownSeconds() {
        return ProcessHandle.current()
                        .info()
                        .totalCpuDuration()
                        .orElse(Duration.ZERO)
                        .toNanos()
                / 1e9;
    }

    private static double busySeconds() {
        try (var lines = Files.lines(STAT)) {
            var fields = lines.findFirst().orElseThrow().trim().split(" +");
            var ticks = 0L;
            for (var i = 1; i < fields.length; i++) {
                // Idle, waiting for I/O, stolen by other machines, and the guests' that user and nice have already.
                if (i != 4 && i != 5 && i < 8) {
                    ticks += Long.parseLong(fields[i]);
                }
            }
            return ticks / TICKS_PER_SECOND;
        } catch (IOException e) {
            return 0;
        }
    }
}
