package io.taffrail.cli;

import io.taffrail.client.Appender;
import io.taffrail.client.AppenderConfig;
import io.taffrail.client.LogClient;
import io.taffrail.proto.log.StreamConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
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

    private static final int MOST_STREAMS = 100_000;
    private static final int MOST_OUTSTANDING = 1_000_000;

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "STREAM",
            defaultValue = "bench",
            description = "is created (default: bench)")
    String stream = "";

    @Option(
            names = "--streams",
            paramLabel = "N",
            defaultValue = "1",
            description = "records in turn to N streams, STREAM-0, STREAM-1, ... (default: 1, STREAM itself)")
    int streams;

    @Option(
            names = "--outstanding",
            paramLabel = "N",
            defaultValue = "0",
            description =
                    "records that wait for their acknowledgement, at most (default: 0, as many as the client holds)")
    int outstanding;

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
        between("--streams", streams, 1, MOST_STREAMS);
        between("--outstanding", outstanding, 0, MOST_OUTSTANDING);
        atLeast("--rate", rate, 0);
        atLeast("--linger", lingerMicros, 0);
        var value = new byte[size];
        new Random(1).nextBytes(value);
        var mostBatchBytes = Math.toIntExact(Sizes.parse(batchBytes));
        var config = AppenderConfig.DEFAULTS
                .modes(levels.commitMode(), levels.replicationMode())
                .maxRequestBytes(Math.max(AppenderConfig.DEFAULT_MAX_REQUEST_BYTES, mostBatchBytes))
                .batching(mostBatchBytes, 50_000, Duration.ofNanos(lingerMicros * 1_000));
        var histogram = new ConcurrentHistogram(LONGEST_MICROS, 3);
        long elapsedNanos;
        try (var client = server.connect()) {
            var appenders = open(client, config);
            var startNanos = System.nanoTime();
            try (var _ = ProgressBar.isWanted() && !output.json() ? progress(appenders) : null) {
                append(appenders, value, startNanos, histogram);
                appenders.forEach(Appender::close);
            }
            elapsedNanos = System.nanoTime() - startNanos;
        }
        report(histogram, elapsedNanos / 1e9);
        return ExitCode.OK;
    }

    private List<Appender> open(LogClient client, AppenderConfig config) {
        var appenders = new ArrayList<Appender>(streams);
        for (var i = 0; i < streams; i++) {
            var name = streams == 1 ? stream : stream + "-" + i;
            client.createStream(name, StreamConfig.getDefaultInstance(), true);
            appenders.add(client.appender(name, config));
        }
        return appenders;
    }

    private ProgressBar progress(List<Appender> appenders) {
        LongSupplier done = () ->
                appenders.stream().mapToLong(Appender::acknowledgedRecords).sum();
        return ProgressBar.start(stream, records * size, () -> done.getAsLong() * size, done);
    }

    private void append(List<Appender> appenders, byte[] value, long startNanos, ConcurrentHistogram histogram) {
        // Unhurried, every record is timed; flat out, timing each would be a good part of the load.
        var sampledMask = rate == 0 && outstanding == 0 ? 63 : 0;
        var window = outstanding == 0 ? null : new Semaphore(outstanding);
        for (var i = 0L; i < records; i++) {
            var dueNanos = rate == 0 ? 0 : waitUntilDue(startNanos, i);
            if (window != null) {
                window.acquireUninterruptibly();
            }
            var beganNanos = rate == 0 ? System.nanoTime() : dueNanos;
            var pending = appenders.get((int) (i % streams)).append(value);
            if ((i & sampledMask) == 0) {
                var _ = pending.acknowledged()
                        .thenAccept(receipt -> histogram.recordValue(
                                Math.min(LONGEST_MICROS, (System.nanoTime() - beganNanos) / 1_000)));
            }
            if (window != null) {
                var _ = pending.acknowledged().whenComplete((receipt, failed) -> window.release());
            }
        }
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

    private static void between(String option, int value, int least, int most) {
        if (value < least || value > most) {
            throw new CliException(ExitCode.USAGE, option + " is " + value + ": allowed are " + least + " to " + most);
        }
    }

    private static void atLeast(String option, long value, long least) {
        if (value < least) {
            throw new CliException(ExitCode.USAGE, option + " is " + value + ": allowed is " + least + " or more");
        }
    }
}
