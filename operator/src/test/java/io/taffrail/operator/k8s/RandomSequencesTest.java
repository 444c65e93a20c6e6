package io.taffrail.operator.k8s;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/// The operator in bad weather, against the real API server: it always converges, never begins a second cluster, never
/// takes away a majority by its own act, and no record that was acknowledged at Sync + Quorum is lost.
/// `scripts/operator-sequences` runs them by the hundred.
final class RandomSequencesTest {
    private static final int SEQUENCES = Integer.getInteger("sequences", 10);
    private static final long SEED = Long.getLong("sequences.seed", 1);
    private static final int AT_ONCE = Integer.getInteger("sequences.atOnce", 5);

    @Test
    void convergesAfterAnythingAndLosesNothing() throws InterruptedException {
        var plane = ControlPlane.require();
        var turn = new Semaphore(AT_ONCE);
        var done = new AtomicInteger();
        var judged = new AtomicInteger();
        var excused = new AtomicInteger();
        var failures = new ArrayList<String>();
        var runs = new ArrayList<Future<Long>>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var seed = SEED; seed < SEED + SEQUENCES; seed++) {
                var own = seed;
                runs.add(threads.submit(() -> {
                    turn.acquire();
                    try (var sequence = new RandomSequence(plane, own)) {
                        var records = sequence.run();
                        judged.addAndGet(sequence.judged());
                        excused.addAndGet(sequence.excused());
                        System.out.println("sequence " + own + " converged, " + records + " records acknowledged, "
                                + done.incrementAndGet() + " done");
                        return records;
                    } finally {
                        turn.release();
                    }
                }));
            }
            var records = 0L;
            for (var run : runs) {
                try {
                    records += run.get();
                } catch (ExecutionException e) {
                    failures.add(String.valueOf(e.getCause()));
                }
            }
            System.out.println(SEQUENCES + " sequences from seed " + SEED + ": " + (SEQUENCES - failures.size())
                    + " converged, " + records + " records acknowledged, " + judged
                    + " acts judged, " + excused + " of them by a sight from before a fault");
        }
        assertTrue(failures.isEmpty(), () -> String.join("\n\n", failures));
        assertTrue(judged.get() >= 2 * excused.get(), excused + " of " + judged + " acts were excused");
        assertTrue(judged.get() > 0 || SEQUENCES < 10, "no operator has restarted or scaled anything");
    }
}
