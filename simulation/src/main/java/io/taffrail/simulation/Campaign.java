package io.taffrail.simulation;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// Many seeds: `Campaign FIRST_SEED COUNT [THREADS [MAX_SECONDS]]`. Prints each failure with what it shrinks to, the
/// table of what happened how often, and a summary, also when a signal ends it. Exits with 1 if a promise was broken, a
/// run came to no end, or
/// something that has to happen in so many seeds never did.
public final class Campaign {
    private static final int SHRINKING_RUNS = 60;
    /// The slowest seeds take ten.
    private static final long RUN_SECONDS_MAX = 180;
    private static final long WATCH_EVERY_MILLIS = 500;
    private static final int RUNS_A_PROGRESS_LINE = 1_000;

    private final long first;
    private final long count;
    private volatile long endNanos;
    private final AtomicLong next = new AtomicLong();
    private final Coverage coverage = new Coverage();
    private final List<Simulation.Result> failures = Collections.synchronizedList(new ArrayList<>());
    private volatile boolean endsEarly;
    private long done;
    private long simulatedNanos;
    private long events;

    private Campaign(long first, long count, long maxSeconds) {
        this.first = first;
        this.count = count;
        this.endNanos = System.nanoTime() + maxSeconds * SimulationOptions.SECOND;
    }

    public static void main(String[] arguments) throws InterruptedException {
        var first = Long.parseLong(arguments[0]);
        var count = Long.parseLong(arguments[1]);
        var threads = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 1;
        var maxSeconds = arguments.length > 3 ? Long.parseLong(arguments[3]) : 1_000_000;
        // A worker that dies, of a lack of memory for one, must not look like seeds that were run.
        Thread.setDefaultUncaughtExceptionHandler((thread, thrown) -> {
            thrown.printStackTrace(System.out);
            Runtime.getRuntime().halt(1);
        });
        var campaign = new Campaign(first, count, maxSeconds);
        var reported = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> campaign.endEarly(reported), "end"));
        var kept = campaign.run(threads);
        reported.countDown();
        if (!campaign.endsEarly) {
            System.exit(kept ? 0 : 1);
        }
    }

    /// A signal: the runs that are under way come to their end, and what was found is said.
    private void endEarly(CountDownLatch reported) {
        endsEarly = true;
        endNanos = System.nanoTime();
        try {
            reported.await(RUN_SECONDS_MAX, TimeUnit.SECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean run(int threads) throws InterruptedException {
        var started = System.nanoTime();
        var workers = new ArrayList<Worker>();
        for (var i = 0; i < threads; i++) {
            var worker = new Worker();
            workers.add(worker);
            worker.start();
        }
        for (var worker : workers) {
            while (!worker.join(Duration.ofMillis(WATCH_EVERY_MILLIS))) {
                workers.forEach(Campaign::endIfStuck);
            }
        }
        coverage.print(System.out);
        var missing = coverage.missing(done);
        missing.forEach(what -> System.out.printf("never happened: %s%n", what));
        System.out.printf(
                Locale.ROOT,
                "seeds %s to %s: %,d runs, %,.0f simulated seconds, %,d events, %.0f s; %s violations%n",
                first,
                first + Math.min(next.get(), count) - 1,
                done,
                simulatedNanos / 1e9,
                events,
                (System.nanoTime() - started) / 1e9,
                failures.size());
        return failures.isEmpty() && missing.isEmpty();
    }

    /// A loop in the code under test cannot be broken from outside: its stack is what there is to say about it.
    private static void endIfStuck(Worker worker) {
        var running = worker.running;
        if (running == null
                || worker.cpuNanos() - running.startedCpuNanos < RUN_SECONDS_MAX * SimulationOptions.SECOND) {
            return;
        }
        System.out.printf(
                "seed %s has come to no end in %s s%n  %s%n", running.options.seed(), RUN_SECONDS_MAX, running.options);
        for (var frame : worker.getStackTrace()) {
            System.out.println("\tat " + frame);
        }
        Runtime.getRuntime().halt(1);
    }

    /// In time of the processor: beside other work a run may take any time.
    private record Running(SimulationOptions options, long startedCpuNanos) {}

    private final class Worker extends Thread {
        private volatile @Nullable Running running;

        Worker() {
            super("seeds");
        }

        /// Any thread.
        long cpuNanos() {
            return ManagementFactory.getThreadMXBean().getThreadCpuTime(threadId());
        }

        @Override
        public void run() {
            while (System.nanoTime() < endNanos) {
                var index = next.getAndIncrement();
                if (index >= count) {
                    break;
                }
                var result = watched(SimulationOptions.of(first + index));
                synchronized (Campaign.this) {
                    done++;
                    simulatedNanos += result.simulatedNanos();
                    events += result.events();
                    coverage.addAll(result.coverage());
                    if (done % RUNS_A_PROGRESS_LINE == 0) {
                        System.out.printf(Locale.ROOT, "%,d runs, %s violations%n", done, failures.size());
                    }
                }
                if (result.violation() != null) {
                    failures.add(result);
                    System.out.print(FailureReport.of(result, 20));
                    System.out.print(FailureReport.shrunk(Shrinker.shrink(result, this::watched, SHRINKING_RUNS)));
                }
            }
        }

        private Simulation.Result watched(SimulationOptions options) {
            running = new Running(options, cpuNanos());
            try {
                return Simulation.run(options);
            } finally {
                running = null;
            }
        }
    }
}
