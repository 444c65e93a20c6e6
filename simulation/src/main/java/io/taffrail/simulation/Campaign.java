package io.taffrail.simulation;

import io.taffrail.simulation.fault.PlantedBug;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/// Many seeds: `Campaign FIRST_SEED COUNT [THREADS [MAX_SECONDS]]`. Prints each failure with what it shrinks to, the
/// table of what happened how often, and a summary. Exits with 1 if a promise was broken, or if something that has to
/// happen in so many seeds never did.
public final class Campaign {
    private static final int SHRINKING_RUNS = 60;
    /// Fewer seeds need not reach every corner.
    private static final long SEEDS_FOR_COVERAGE = 500;

    private final long first;
    private final long count;
    private final long endNanos;
    private final AtomicLong next = new AtomicLong();
    private final Coverage coverage = new Coverage();
    private final List<Simulation.Result> failures = Collections.synchronizedList(new ArrayList<>());
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
        System.exit(new Campaign(first, count, maxSeconds).run(threads) ? 0 : 1);
    }

    private boolean run(int threads) throws InterruptedException {
        var started = System.nanoTime();
        var workers = new ArrayList<Thread>();
        for (var i = 0; i < threads; i++) {
            workers.add(Thread.ofPlatform().name("seeds-" + i).start(this::work));
        }
        for (var worker : workers) {
            worker.join();
        }
        coverage.print(System.out);
        var missing = done < SEEDS_FOR_COVERAGE ? List.<String>of() : coverage.missing();
        missing.forEach(what -> System.out.printf("never happened: %s%n", what));
        System.out.printf(
                "seeds %d to %d: %,d runs, %,.0f simulated seconds, %,d events, %.0f s; %d violations%n",
                first,
                first + count - 1,
                done,
                simulatedNanos / 1e9,
                events,
                (System.nanoTime() - started) / 1e9,
                failures.size());
        return failures.isEmpty() && missing.isEmpty();
    }

    private void work() {
        while (System.nanoTime() < endNanos) {
            var index = next.getAndIncrement();
            if (index >= count) {
                return;
            }
            var result = Simulation.run(SimulationOptions.of(first + index));
            synchronized (this) {
                done++;
                simulatedNanos += result.simulatedNanos();
                events += result.events();
                coverage.addAll(result.coverage());
            }
            if (result.violation() != null) {
                failures.add(result);
                var smallest = Shrinker.shrink(result, PlantedBug.NONE, SHRINKING_RUNS);
                System.out.println(FailureReport.of(result, 20) + FailureReport.shrunk(smallest));
            }
        }
    }
}
