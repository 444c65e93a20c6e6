package io.taffrail.bench.service;

import java.util.Locale;
import org.HdrHistogram.Histogram;

/// One run's figures. Latencies in nanoseconds; without any where the workload has none.
///
/// @param outstanding units in flight
/// @param batch records of a unit
/// @param note empty, or what the reader of the line should know
record Measurement(
        Workload workload,
        boolean durable,
        String version,
        int round,
        double seconds,
        long records,
        Histogram latency,
        ProcessorTime used,
        boolean serverKnown,
        int outstanding,
        int batch,
        int logs,
        int errors,
        String note) {
    private static final double MILLION = 1e6;

    /// One JSON object, in the fields that `bench/compare` reads of other systems too.
    String json() {
        var perSecond = records / seconds;
        var line = new StringBuilder();
        line.append(String.format(
                Locale.ROOT,
                "{\"peer\":\"taffrail\",\"version\":\"%s\",\"setting\":\"%s\",\"durable\":%b,\"workload\":\"%s\","
                        + "\"size\":%s,\"count\":%s,\"round\":\"%s\",\"records_per_s\":%.3f,\"mb_per_s\":%.3f,",
                version,
                durable ? "durable" : "relaxed",
                durable,
                workload.kind(),
                workload.sizeBytes(),
                workload.count(),
                round,
                perSecond,
                perSecond * workload.sizeBytes() / MILLION));
        if (latency.getTotalCount() > 0) {
            line.append(String.format(
                    Locale.ROOT,
                    "\"p50_us\":%.3f,\"p99_us\":%.3f,\"p999_us\":%.3f,\"max_us\":%.3f,",
                    micros(50),
                    micros(99),
                    micros(99.9),
                    latency.getMaxValue() / 1e3));
        }
        if (records > 0) {
            if (serverKnown) {
                line.append(cpu("server", used.serverSeconds()));
            }
            line.append(cpu("client", used.clientSeconds()));
        }
        return line.append(String.format(
                        Locale.ROOT,
                        "\"records\":%s,\"seconds\":%.3f,\"outstanding\":%s,\"batch\":%s,\"logs\":%s,\"errors\":%s,"
                                + "\"other_cores\":%.3f,\"java\":\"%s\",\"note\":\"%s\"}",
                        records,
                        seconds,
                        outstanding,
                        batch,
                        logs,
                        errors,
                        used.otherSeconds() / seconds,
                        System.getProperty("java.version"),
                        note.replace('"', '\'').replace('\\', '/')))
                .toString();
    }

    private String cpu(String side, double usedSeconds) {
        return String.format(Locale.ROOT, "\"%s_cpu_s_per_million\":%.3f,", side, usedSeconds * MILLION / records);
    }

    private double micros(double percentile) {
        return latency.getValueAtPercentile(percentile) / 1e3;
    }
}
