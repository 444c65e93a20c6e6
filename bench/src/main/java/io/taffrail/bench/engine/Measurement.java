package io.taffrail.bench.engine;

import java.util.Locale;
import org.HdrHistogram.Histogram;

/// One run's figures. Latency is from the append to its acknowledgement, in nanoseconds.
///
/// @param otherCores cores that the rest of the machine used meanwhile: what this run was disturbed by
/// @param ownCores cores that this process used
/// @param entriesPerFlush size of a group
/// @param riskWindowNanos longest time that an acknowledged entry was not flushed
record Measurement(
        Workload workload,
        String method,
        String buffering,
        double seconds,
        long entries,
        Histogram latency,
        double entriesPerFlush,
        long flushes,
        long riskWindowNanos,
        double ownCores,
        double otherCores) {
    double perSecond() {
        return entries / seconds;
    }

    static String header() {
        return String.format(
                Locale.ROOT,
                "%-24s %-9s %-8s %12s %8s %9s %9s %9s %9s %8s %9s %9s %5s %5s",
                "workload",
                "method",
                "files",
                "entries/s",
                "MB/s",
                "p50 us",
                "p99 us",
                "p99.9 us",
                "max us",
                "group",
                "flushes/s",
                "risk ms",
                "cores",
                "other");
    }

    String line() {
        return String.format(
                Locale.ROOT,
                "%-24s %-9s %-8s %,12.0f %8.1f %9.1f %9.1f %9.1f %9.1f %8.1f %,9.0f %9.2f %5.2f %5.2f",
                workload.name(),
                method,
                buffering,
                perSecond(),
                perSecond() * workload.payloadBytes() / 1e6,
                micros(50),
                micros(99),
                micros(99.9),
                latency.getMaxValue() / 1e3,
                entriesPerFlush,
                flushes / seconds,
                riskWindowNanos / 1e6,
                ownCores,
                otherCores);
    }

    String json() {
        return String.format(
                Locale.ROOT,
                "{\"peer\":\"taffrail-engine\",\"setting\":\"%s-%s-%s\",\"durable\":%b,\"workload\":\"%s\",\"size\":%s,"
                        + "\"outstanding\":%s,\"records_per_s\":%.0f,\"mb_per_s\":%.2f,\"p50_us\":%.2f,\"p99_us\":%.2f,"
                        + "\"p999_us\":%.2f,\"max_us\":%.2f,\"group\":%.1f,\"flushes_per_s\":%.0f,\"risk_ms\":%.2f,"
                        + "\"own_cores\":%.2f,\"other_cores\":%.2f}",
                workload.durable() ? "durable" : "async",
                method,
                buffering,
                workload.durable(),
                workload.name(),
                workload.payloadBytes(),
                workload.outstanding(),
                perSecond(),
                perSecond() * workload.payloadBytes() / 1e6,
                micros(50),
                micros(99),
                micros(99.9),
                latency.getMaxValue() / 1e3,
                entriesPerFlush,
                flushes / seconds,
                riskWindowNanos / 1e6,
                ownCores,
                otherCores);
    }

    private double micros(double percentile) {
        return latency.getValueAtPercentile(percentile) / 1e3;
    }
}
