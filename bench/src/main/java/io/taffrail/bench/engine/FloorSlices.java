package io.taffrail.bench.engine;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.HdrHistogram.Histogram;

/// Seconds of the log between seconds of fio, in one minute on one disk. A machine that others use may be ten
/// times slower in the next second, so each second of the log is compared with the two of fio beside it.
final class FloorSlices {
    private static final int BLOCK_BYTES = 4096;
    private static final int HEADER_BYTES = 96;

    private final Path folder;
    private final int bytes;
    private final List<Measurement> slices = new ArrayList<>();
    private final List<Double> floors = new ArrayList<>();

    FloorSlices(Path folder, Workload workload) throws IOException, InterruptedException {
        this.folder = folder;
        var blocks = (workload.payloadBytes() + HEADER_BYTES + BLOCK_BYTES - 1) / BLOCK_BYTES;
        this.bytes = blocks * BLOCK_BYTES;
        floor();
    }

    private void floor() throws IOException, InterruptedException {
        floors.add(FioFloor.writesPerSecond(folder, bytes, 1).orElse(Double.NaN));
    }

    void add(Measurement slice) throws IOException, InterruptedException {
        slices.add(slice);
        floor();
    }

    /// All slices as one run.
    Measurement total() {
        var latency = new Histogram(slices.getFirst().latency());
        latency.reset();
        slices.forEach(slice -> latency.add(slice.latency()));
        var first = slices.getFirst();
        var seconds = slices.stream().mapToDouble(Measurement::seconds).sum();
        return new Measurement(
                first.workload(),
                first.method(),
                first.buffering(),
                seconds,
                slices.stream().mapToLong(Measurement::entries).sum(),
                latency,
                slices.stream()
                        .mapToDouble(Measurement::entriesPerFlush)
                        .average()
                        .orElse(0),
                slices.stream().mapToLong(Measurement::flushes).sum(),
                0,
                slices.stream().mapToDouble(Measurement::ownCores).average().orElse(0),
                slices.stream().mapToDouble(Measurement::otherCores).average().orElse(0));
    }

    String comparison() {
        if (floors.stream().anyMatch(floor -> floor.isNaN())) {
            return "                         fio is not installed: nothing to compare with";
        }
        var ratios = new double[slices.size()];
        for (var i = 0; i < ratios.length; i++) {
            ratios[i] = slices.get(i).perSecond() / ((floors.get(i) + floors.get(i + 1)) / 2);
        }
        var fastest = slices.stream().mapToDouble(Measurement::perSecond).max().orElse(0);
        var fastestFloor =
                floors.stream().mapToDouble(Double::doubleValue).max().orElse(0);
        Arrays.sort(ratios);
        return String.format(
                Locale.ROOT,
                "%24s fio O_DIRECT|O_DSYNC of %s bytes: the log's rate is %.2f of it (median of %s seconds,"
                        + " quartiles %.2f and %.2f); fastest second %,.0f of %,.0f: %.2f",
                "",
                bytes,
                ratios[ratios.length / 2],
                ratios.length,
                ratios[ratios.length / 4],
                ratios[ratios.length * 3 / 4],
                fastest,
                fastestFloor,
                fastest / fastestFloor);
    }
}
