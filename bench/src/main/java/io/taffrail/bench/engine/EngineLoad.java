package io.taffrail.bench.engine;

import io.taffrail.wal.WalConfig;
import io.taffrail.wal.io.file.Buffering;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/// Measures the engine in this process: `bench/run engine [--dir D] [--method M,...] [--files direct,buffered]
/// [--workload W,...] [--seconds S] [--rounds N] [--json FILE]`.
///
/// Rounds run all combinations in turn, so that a disturbance of the machine hits each of them alike; for the
/// workloads with one entry outstanding fio runs before and after in the same seconds, and the ratio to it is
/// printed: the machine's disk may be ten times slower a minute later, the ratio is not.
public final class EngineLoad {
    private static final List<Workload> WORKLOADS = List.of(
            Workload.ONE_BLOCK,
            Workload.ONE_4K,
            Workload.ONE_1K,
            Workload.SIXTY_FOUR_1K,
            Workload.SATURATED_100B,
            Workload.SATURATED_1K,
            Workload.ASYNC_100B,
            Workload.async(1_000_000),
            Workload.async(200_000_000));

    private final Path folder;
    private final Options options;

    private EngineLoad(Options options) throws IOException {
        this.options = options;
        this.folder = Files.createTempDirectory(Files.createDirectories(options.folder()), "engine");
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        var load = new EngineLoad(Options.parse(arguments));
        try {
            load.run();
        } finally {
            deleteTree(load.folder);
        }
    }

    private void run() throws IOException, InterruptedException {
        System.out.println(Measurement.header());
        for (var round = 0; round < options.rounds(); round++) {
            for (var workload : WORKLOADS) {
                if (options.wants(workload.name())) {
                    for (var files : options.files()) {
                        runMethods(workload, files);
                    }
                }
            }
        }
    }

    private void runMethods(Workload workload, Buffering files) throws IOException, InterruptedException {
        for (var method : options.methods()) {
            var floor = workload.durable() && workload.outstanding() == 1;
            var before = floor ? floor(workload) : 0;
            var measurement = measure(workload, method, files);
            var after = floor ? floor(workload) : 0;
            System.out.println(measurement.line());
            if (before > 0 && after > 0) {
                var mean = (before + after) / 2;
                System.out.printf(
                        Locale.ROOT,
                        "%-24s fio O_DIRECT|O_DSYNC, same bytes: %,.0f before, %,.0f after; the log's rate is %.2f of it%n",
                        "",
                        before,
                        after,
                        measurement.perSecond() / mean);
            }
            if (options.json() != null) {
                Files.writeString(
                        options.json(),
                        measurement.json() + "\n",
                        StandardOpenOption.CREATE,
                        StandardOpenOption.APPEND);
            }
        }
    }

    private double floor(Workload workload) throws IOException, InterruptedException {
        var blocks = (workload.payloadBytes() + 96 + 4095) / 4096;
        return FioFloor.writesPerSecond(folder, blocks * 4096, options.seconds() / 2)
                .orElse(0);
    }

    private Measurement measure(Workload workload, String method, Buffering files) throws IOException {
        var log = folder.resolve("log");
        try (var engine = new Engine(log, method, files, config(workload))) {
            return new LoadLoop(engine, workload).run(options.warmUpSeconds(), options.seconds());
        } finally {
            deleteTree(log);
        }
    }

    private static WalConfig config(Workload workload) {
        var defaults = WalConfig.defaults();
        return new WalConfig(
                defaults.segmentBytes(),
                workload.writerDelayNanos(),
                defaults.groupCommitDelayNanos(),
                defaults.groupCommitSiblings(),
                defaults.pendingBytes(),
                defaults.tailCacheBytes(),
                defaults.reserveBytes(),
                defaults.fsyncDisabled());
    }

    private static void deleteTree(Path root) throws IOException {
        if (!Files.exists(root)) {
            return;
        }
        try (Stream<Path> paths = Files.walk(root)) {
            for (var path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }
}
