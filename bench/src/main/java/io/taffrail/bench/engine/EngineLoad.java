package io.taffrail.bench.engine;

import io.taffrail.wal.WalConfig;
import io.taffrail.wal.io.file.Buffering;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// Measures the engine in this process: `bench/run engine [--dir D] [--method M,...] [--files direct,buffered]
/// [--workload W,...] [--seconds S] [--rounds N] [--json FILE]`.
///
/// Rounds run all combinations in turn, so that a disturbance of the machine hits each of them alike. With one
/// entry outstanding, seconds of the log and of fio alternate ([FloorSlices]).
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
            var log = folder.resolve("log");
            try (var engine = new Engine(log, method, files, config(workload))) {
                var loop = new LoadLoop(engine, workload);
                loop.warmUp(options.warmUpSeconds());
                if (workload.durable() && workload.outstanding() == 1) {
                    compareWithFloor(loop, workload);
                } else {
                    report(loop.run(options.seconds()));
                }
            } finally {
                deleteTree(log);
            }
        }
    }

    private void compareWithFloor(LoadLoop loop, Workload workload) throws IOException, InterruptedException {
        var slices = new FloorSlices(folder, workload);
        for (var slice = 0; slice < Math.max(1, options.seconds()); slice++) {
            slices.add(loop.run(1));
        }
        report(slices.total());
        System.out.println(slices.comparison());
    }

    private void report(Measurement measurement) throws IOException {
        System.out.println(measurement.line());
        if (options.json() != null) {
            Files.writeString(
                    options.json(), measurement.json() + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
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
