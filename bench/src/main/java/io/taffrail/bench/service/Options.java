package io.taffrail.bench.service;

import java.util.ArrayList;
import java.util.List;

/// What the command line asks for.
///
/// @param serverPids processes whose processor time is the service's; none: it is not told
/// @param workloads empty: they come on standard input, one a line
record Options(
        List<String> servers,
        List<Long> serverPids,
        boolean durable,
        List<Workload> workloads,
        double warmUpSeconds,
        double seconds,
        int rounds,
        long readBytes) {
    static final String USAGE = """
            usage: bench/run service --server HOST:PORT[,HOST:PORT...] [--pid PID[,PID...]] [--setting durable|relaxed]
                   [--workload W1,W2,W3:100,W3,W4,W5,W6] [--warm-up SECONDS] [--seconds SECONDS] [--rounds N]
                   [--read-bytes BYTES]
            Without --workload, a line of standard input is a workload, and each is answered by a line.""";

    static Options parse(String[] arguments) {
        List<String> servers = List.of("127.0.0.1:9090");
        List<Long> pids = List.of();
        var durable = true;
        List<Workload> workloads = List.of();
        var warmUp = 3.0;
        var seconds = 5.0;
        var rounds = 1;
        var readBytes = 1L << 30;
        for (var i = 0; i < arguments.length; i += 2) {
            if (i + 1 == arguments.length) {
                throw new IllegalArgumentException(arguments[i] + " wants a value");
            }
            var value = arguments[i + 1];
            switch (arguments[i]) {
                case "--server" -> servers = List.of(value.split(","));
                case "--pid" -> pids = pids(value);
                case "--setting" -> durable = isDurable(value);
                case "--workload" -> workloads = workloads(value);
                case "--warm-up" -> warmUp = Double.parseDouble(value);
                case "--seconds" -> seconds = Double.parseDouble(value);
                case "--rounds" -> rounds = Integer.parseInt(value);
                case "--read-bytes" -> readBytes = Long.parseLong(value);
                default -> throw new IllegalArgumentException("unknown option " + arguments[i]);
            }
        }
        return new Options(servers, pids, durable, workloads, warmUp, seconds, rounds, readBytes);
    }

    private static List<Long> pids(String value) {
        var pids = new ArrayList<Long>();
        for (var pid : value.split(",")) {
            pids.add(Long.parseLong(pid));
        }
        return pids;
    }

    private static boolean isDurable(String value) {
        return switch (value) {
            case "durable" -> true;
            case "relaxed" -> false;
            default -> throw new IllegalArgumentException("--setting " + value + ": durable or relaxed");
        };
    }

    private static List<Workload> workloads(String value) {
        var workloads = new ArrayList<Workload>();
        for (var text : value.split(",")) {
            workloads.add(Workload.parse(text));
        }
        return workloads;
    }
}
