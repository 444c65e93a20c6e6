package io.taffrail.simulation.world;

import io.taffrail.replication.port.EventLoop;
import java.util.ArrayDeque;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/// The thread of one process. It turns when it has something to do: runs what was posted, then its work. A call
/// that blocks (recovery reads, a truncation) lets only this process's time pass: the loop stays busy until then
/// and the world catches up before its next turn.
public final class SimulatedEventLoop implements EventLoop {
    /// What the loop does in each turn besides its tasks.
    public interface Work {
        int doWork();

        /// When it must run again, on the node's clock.
        long nextWorkNanos();
    }

    /// A task that posts tasks without end would stop the world's clock; a turn ends after so many.
    private static final int TASKS_A_TURN = 64;

    private final SimulatedScheduler scheduler;
    private final NodeClock clock;
    private final SplittableRandom random;
    private final ProcessLife life;
    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private final Consumer<Throwable> ended;
    private Work work = NO_WORK;
    private long busyUntilNanos;
    private long turnAtNanos = Long.MAX_VALUE;
    private boolean paused;
    private boolean turning;

    private static final Work NO_WORK = new Work() {
        @Override
        public int doWork() {
            return 0;
        }

        @Override
        public long nextWorkNanos() {
            return Long.MAX_VALUE;
        }
    };

    /// `ended` is told when the process dies within a turn: at an effect, or because something was thrown that
    /// nobody caught.
    public SimulatedEventLoop(
            SimulatedScheduler scheduler,
            NodeClock clock,
            SplittableRandom random,
            ProcessLife life,
            Consumer<Throwable> ended) {
        this.scheduler = scheduler;
        this.clock = clock;
        this.random = random;
        this.life = life;
        this.ended = ended;
    }

    public void work(Work newWork) {
        work = newWork;
        wake();
    }

    @Override
    public void execute(Runnable task) {
        tasks.addLast(task);
        wake();
    }

    @Override
    public void schedule(long delayNanos, Runnable task) {
        var now = nanoTime();
        var due = delayNanos > Long.MAX_VALUE - Math.max(now, 0) ? Long.MAX_VALUE : now + Math.max(delayNanos, 0);
        fireAt(due, task);
    }

    private void fireAt(long dueNanos, Runnable task) {
        if (dueNanos == Long.MAX_VALUE) {
            return;
        }
        scheduler.after(clock.trueDelayNanos(dueNanos), () -> {
            if (life.ended()) {
                return;
            }
            if (clock.nanoTime(0) < dueNanos) {
                fireAt(dueNanos, task);
            } else {
                execute(task);
            }
        });
    }

    @Override
    public long nanoTime() {
        return clock.nanoTime(blockedNanos());
    }

    @Override
    public long wallMillis() {
        return 1_700_000_000_000L + nanoTime() / 1_000_000;
    }

    /// True time, as far as this process has lived it.
    public long trueNanos() {
        return scheduler.nowNanos() + blockedNanos();
    }

    private long blockedNanos() {
        return Math.max(0, busyUntilNanos - scheduler.nowNanos());
    }

    /// The calling code waits so long and nothing else of this process runs meanwhile.
    public void block(long nanos) {
        busyUntilNanos = trueNanos() + Math.max(0, nanos);
    }

    /// Something has become ready: turn soon.
    public void wake() {
        if (!turning) {
            turnAt(trueNanos());
        }
    }

    public void pause() {
        paused = true;
    }

    public void resume() {
        paused = false;
        turnAtNanos = Long.MAX_VALUE;
        wake();
    }

    private void turnAt(long timeNanos) {
        if (timeNanos >= turnAtNanos || life.ended() || paused) {
            return;
        }
        turnAtNanos = timeNanos;
        scheduler.at(timeNanos, () -> {
            // An earlier turn may have been asked for since; then this one has been overtaken.
            if (turnAtNanos == timeNanos && !life.ended() && !paused) {
                turn();
            }
        });
    }

    private void turn() {
        turnAtNanos = Long.MAX_VALUE;
        if (busyUntilNanos > scheduler.nowNanos()) {
            turnAt(busyUntilNanos);
            return;
        }
        turning = true;
        var worked = 0;
        try {
            for (var i = 0; i < TASKS_A_TURN && !tasks.isEmpty(); i++) {
                tasks.removeFirst().run();
            }
            worked = work.doWork();
        } catch (ProcessEnded | RuntimeException end) {
            life.end();
            ended.accept(end);
            return;
        } finally {
            turning = false;
        }
        if (life.ended()) {
            return;
        }
        // A turn costs some processor time, which also keeps a loop that finds work for ever from stopping time.
        block(500 + random.nextInt(20_000));
        if (worked > 0 || !tasks.isEmpty()) {
            turnAt(trueNanos());
            return;
        }
        var next = work.nextWorkNanos();
        if (next < Long.MAX_VALUE) {
            turnAt(Math.max(trueNanos(), scheduler.nowNanos() + clock.trueDelayNanos(next)));
        }
    }
}
