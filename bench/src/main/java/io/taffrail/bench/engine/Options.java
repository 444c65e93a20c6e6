package io.taffrail.bench.engine;

import io.taffrail.wal.io.file.Buffering;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What the command line asks for.
///
/// @param workloads names; empty: all
record Options(
        Path folder,
        List<String> methods,
        List<Buffering> files,
        Set<String> workloads,
        double seconds,
        double warmUpSeconds,
        int rounds,
        @Nullable Path json) {
    static Options parse(String[] arguments) {
        var folder = Path.of(System.getProperty("java.io.tmpdir"));
        var methods = List.of("io_uring", "worker", "posix_aio", "sync");
        var files = List.of(Buffering.DIRECT);
        Set<String> workloads = Set.of();
        var seconds = 5.0;
        var warmUp = 3.0;
        var rounds = 1;
        Path json = null;
        for (var i = 0; i + 1 < arguments.length; i += 2) {
            var value = arguments[i + 1];
            switch (arguments[i]) {
                case "--dir" -> folder = Path.of(value);
                case "--method" -> methods = List.of(value.split(","));
                case "--files" -> files = buffering(value);
                case "--workload" -> workloads = new HashSet<>(List.of(value.split(",")));
                case "--seconds" -> seconds = Double.parseDouble(value);
                case "--warm-up" -> warmUp = Double.parseDouble(value);
                case "--rounds" -> rounds = Integer.parseInt(value);
                case "--json" -> json = Path.of(value);
                default -> throw new IllegalArgumentException("unknown option " + arguments[i]);
            }
        }
        return new Options(folder, methods, files, workloads, seconds, warmUp, rounds, json);
    }

    private static List<Buffering> buffering(String value) {
        var all = new ArrayList<Buffering>();
        for (var name : value.split(",")) {
            all.add(Buffering.valueOf(name.toUpperCase(Locale.ROOT)));
        }
        return all;
    }

    boolean wants(String workload) {
        return workloads.isEmpty() || workloads.contains(workload);
    }
}
