package io.taffrail.bench.engine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/// What the device itself does: durable writes a second of fio (O_DIRECT, O_DSYNC, into a file that is written
/// already), one at a time, each a blocking call: where processors are short that is the fastest way, because
/// the flush runs on the calling thread.
final class FioFloor {
    private static final Pattern IOPS = Pattern.compile("\"iops\" *: *([0-9.]+)");
    private static final int LIMIT_SECONDS = 120;

    private FioFloor() {}

    /// Empty if fio is not installed.
    static OptionalDouble writesPerSecond(Path folder, int blockBytes, int seconds)
            throws IOException, InterruptedException {
        Process process;
        try {
            process = new ProcessBuilder(
                            "fio",
                            "--name=floor",
                            "--filename=" + folder.resolve("fio-floor"),
                            "--size=64m",
                            "--rw=write",
                            "--overwrite=1",
                            "--bs=" + blockBytes,
                            "--direct=1",
                            "--sync=dsync",
                            "--ioengine=psync",
                            "--iodepth=1",
                            "--time_based",
                            "--runtime=" + seconds,
                            "--output-format=json")
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            return OptionalDouble.empty();
        }
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
            process.destroyForcibly();
            return OptionalDouble.empty();
        }
        // The reads' figure is 0 and stands before the writes'.
        return IOPS.matcher(output)
                .results()
                .mapToDouble(match -> Double.parseDouble(match.group(1)))
                .filter(iops -> iops > 0)
                .findFirst();
    }
}
