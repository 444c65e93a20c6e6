package io.taffrail.cli;

import io.taffrail.client.AppenderConfig;
import io.taffrail.proto.log.StreamConfig;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        description = {
            "Append records of random bytes and show rate and latency.",
            "With --rate, latency counts from when a record was due, so that a stall shows in every record that it held up."
        })
final class BenchCommand implements Callable<Integer> {
    private static final long LONGEST_MICROS = 600_000_000;

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "STREAM",
            defaultValue = "bench",
            description = "is created (default: bench)")
    String stream = "";

    @Option(names = "--records", paramLabel = "N", defaultValue = "1000000", description = "default: 1000000")
    long records;

    @Option(names = "--size", paramLabel = "BYTES", defaultValue = "100", description = "of a record (default: 100)")
    int size;

    @Option(
            names = "--rate",
            paramLabel = "N",
            defaultValue = "0",
            description = "records a second; 0: as fast as it goes")
    long rate;

    @Option(
            names = "--linger",
            paramLabel = "MICROS",
            defaultValue = "0",
            description = "wait for company (default: 0)")
    long lingerMicros;

    @Option(names = "--batch-bytes", paramLabel = "SIZE", defaultValue = "64Ki", description = "default: 64Ki")
    String batchBytes = "";

    @Mixin
    LevelOptions levels = new LevelOptions();

    @Mixin
    ServerOptions server = new ServerOptions();

    @Mixin
    OutputOptions output = new OutputOptions();

    @Spec
    CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        atLeast("--records", records, 1);
        atLeast("--size", size, 0);
        atLeast("--rate", rate, 0);
        atLeast("--linger", lingerMicros, 0);
        var value = new byte[size];
        new Random(1).nextBytes(value);
        var config = AppenderConfig.DEFAULTS
                .modes(levels.commitMode(), levels.replicationMode())
                .batching(Math.toIntExact(Sizes.parse(batchBytes)), 50_000, Duration.ofNanos(lingerMicros * 1_000));
        var histogram = new ConcurrentHistogram(LONGEST_MICROS, 3);
        // Unhurried, every record is timed; flat out, timing each would be a good part of the load.
        var sampledMask = rate == 0 ? 63 : 0;
        long elapsedNanos;
        try (var client = server.connect()) {
            client.createStream(stream, StreamConfig.getDefaultInstance(), true);
            var startNanos = System.nanoTime();
            try (var appender = client.appender(stream, config);
                    var _ = ProgressBar.isWanted() && !output.json()
                            ? ProgressBar.start(
                                    stream,
                                    records * size,
                                    () -> appender.acknowledgedRecords() * size,
                                    appender::acknowledgedRecords)
                            : null) {
                for (var i = 0L; i < records; i++) {
                    var dueNanos = rate == 0 ? System.nanoTime() : waitUntilDue(startNanos, i);
                    var pending = appender.append(value);
                    if ((i & sampledMask) == 0) {
                        var _ = pending.acknowledged()
                                .thenAccept(receipt -> histogram.recordValue(
                                        Math.min(LONGEST_MICROS, (System.nanoTime() - dueNanos) / 1_000)));
                    }
                }
            }
            elapsedNanos = System.nanoTime() - startNanos;
        }
        report(histogram, elapsedNanos / 1e9);
        return ExitCode.OK;
    }

    private long waitUntilDue(long startNanos, long record) {
        var dueNanos = startNanos + (long) (record * 1e9 / rate);
        for (var left = dueNanos - System.nanoTime(); left > 0; left = dueNanos - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
        return dueNanos;
    }

    private void report(Histogram histogram, double seconds) {
        var out = spec.commandLine().getOut();
        var fields = new LinkedHashMap<String, Object>();
        fields.put("records", records);
        fields.put("seconds", seconds);
        fields.put("recordsPerSecond", records / seconds);
        fields.put("bytesPerSecond", records * (double) size / seconds);
        fields.put("p50Millis", histogram.getValueAtPercentile(50) / 1e3);
        fields.put("p90Millis", histogram.getValueAtPercentile(90) / 1e3);
        fields.put("p99Millis", histogram.getValueAtPercentile(99) / 1e3);
        fields.put("p999Millis", histogram.getValueAtPercentile(99.9) / 1e3);
        fields.put("maxMillis", histogram.getMaxValue() / 1e3);
        fields.put("timedRecords", histogram.getTotalCount());
        if (output.json()) {
            OutputOptions.json(out, fields);
            return;
        }
        out.println("%s records of %s B in %s s: %s records/s, %s/s"
                .formatted(
                        Sizes.count(records),
                        size,
                        String.format(Locale.ROOT, "%.2f", seconds),
                        Sizes.count(Math.round(records / seconds)),
                        Sizes.bytes(records * (double) size / seconds)));
        out.println(String.format(
                Locale.ROOT,
                "acknowledged after p50 %.2f ms, p90 %.2f, p99 %.2f, p99.9 %.2f, max %.2f (%,d of them timed)",
                histogram.getValueAtPercentile(50) / 1e3,
                histogram.getValueAtPercentile(90) / 1e3,
                histogram.getValueAtPercentile(99) / 1e3,
                histogram.getValueAtPercentile(99.9) / 1e3,
                histogram.getMaxValue() / 1e3,
                histogram.getTotalCount()));
    }

    private static void atLeast(String option, long value, long least) {
        if (value < least) {
            throw new CliException(ExitCode.USAGE, option + " is " + value + ": allowed is " + least + " or more");
        }
    }
}
