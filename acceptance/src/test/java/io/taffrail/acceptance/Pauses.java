package io.taffrail.acceptance;

import io.taffrail.client.AppenderConfig;
import io.taffrail.client.LogClient;
import io.taffrail.client.LogClientException;
import io.taffrail.proto.log.StreamConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/// Appends one record after another at a steady rate, and notes when each was due and when it was
/// acknowledged: what a user of the cluster feels. Ends with [#end], or with its client.
final class Pauses {
    private static final Duration DELIVERY = Duration.ofMinutes(5);

    private final LogClient client;
    private final String stream;
    private final Cell cell;
    private final long intervalNanos;
    private final List<long[]> dueAndAcknowledged = new ArrayList<>();
    private final List<String> failures = new ArrayList<>();
    private final AtomicLong open = new AtomicLong();
    private final Thread thread;
    private volatile boolean stopped;

    /// One every four milliseconds at Sync + Quorum.
    Pauses(LogClient client, String stream) {
        this(client, stream, Cell.SYNC_QUORUM, 250);
    }

    Pauses(LogClient client, String stream, Cell cell, int recordsPerSecond) {
        this.client = client;
        this.stream = stream;
        this.cell = cell;
        this.intervalNanos = TimeUnit.SECONDS.toNanos(1) / recordsPerSecond;
        client.createStream(stream, StreamConfig.getDefaultInstance(), true);
        thread = Thread.ofPlatform().name("pauses").start(this::append);
    }

    private void append() {
        var config =
                AppenderConfig.DEFAULTS.modes(cell.commit(), cell.replication()).deliveryTimeout(DELIVERY);
        try (var appender = client.appender(stream, config)) {
            var dueNanos = System.nanoTime();
            while (!stopped) {
                var due = dueNanos;
                var outcome = appender.append(new byte[100]).acknowledged();
                open.incrementAndGet();
                var _ = outcome.whenComplete((receipt, failure) -> {
                    open.decrementAndGet();
                    note(due, failure);
                });
                dueNanos += intervalNanos;
                var left = dueNanos - System.nanoTime();
                if (left > 0) {
                    TimeUnit.NANOSECONDS.sleep(left);
                }
            }
        } catch (LogClientException failed) {
            note(0, failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void note(long dueNanos, @Nullable Throwable failure) {
        if (failure == null) {
            dueAndAcknowledged.add(new long[] {dueNanos, System.nanoTime()});
        } else {
            failures.add(String.valueOf(failure.getMessage()));
        }
    }

    synchronized List<String> failures() {
        return List.copyOf(failures);
    }

    long unresolved() {
        return open.get();
    }

    synchronized long acknowledged() {
        return dueAndAcknowledged.size();
    }

    /// The longest that a record waited for its acknowledgement of those which waited in this span.
    synchronized double longestMillis(long fromNanos, long toNanos) {
        return dueAndAcknowledged.stream()
                        .filter(pair -> pair[1] >= fromNanos && pair[0] < toNanos)
                        .mapToLong(pair -> pair[1] - pair[0])
                        .max()
                        .orElse(0)
                / 1e6;
    }

    /// Of the records that were due in this span.
    synchronized Latencies between(long fromNanos, long toNanos) {
        return new Latencies(dueAndAcknowledged.stream()
                .filter(pair -> pair[0] >= fromNanos && pair[0] < toNanos)
                .mapToLong(pair -> pair[1] - pair[0])
                .sorted()
                .toArray());
    }

    static final class Latencies {
        private final long[] sortedNanos;

        private Latencies(long[] sortedNanos) {
            this.sortedNanos = sortedNanos;
        }

        static Latencies ofMillis(List<Double> millis) {
            return ofNanos(millis.stream().mapToLong(value -> Math.round(value * 1e6)));
        }

        static Latencies ofNanos(LongStream nanos) {
            return new Latencies(nanos.sorted().toArray());
        }

        int count() {
            return sortedNanos.length;
        }

        double percentileMillis(double percent) {
            if (sortedNanos.length == 0) {
                return Double.NaN;
            }
            var rank = (int) Math.ceil(percent / 100 * sortedNanos.length);
            return sortedNanos[Math.clamp(rank - 1, 0, sortedNanos.length - 1)] / 1e6;
        }

        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "%s, p50 %.2f ms, p90 %.2f, p99 %.2f, p99.9 %.2f, max %.2f",
                    sortedNanos.length,
                    percentileMillis(50),
                    percentileMillis(90),
                    percentileMillis(99),
                    percentileMillis(99.9),
                    percentileMillis(100));
        }
    }

    /// Also what is told on other threads than the one that closes: who waits for the last acknowledgement may go on
    /// before whoever is called with it.
    void end() throws InterruptedException {
        stopped = true;
        var longest = DELIVERY.plusSeconds(10);
        var deadline = System.nanoTime() + longest.toNanos();
        thread.join(longest);
        while (open.get() > 0 && System.nanoTime() < deadline) {
            Thread.sleep(1);
        }
    }
}
