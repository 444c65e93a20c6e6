package io.taffrail.service.host;

import io.taffrail.replication.port.EventLoop;
import io.taffrail.wal.io.IoMethod;
import java.util.PriorityQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jctools.queues.MpscUnboundedArrayQueue;
import org.jspecify.annotations.Nullable;

/// What a replica lives on: one turn after the other, each with what others handed in, timers and the log's work. What
/// is to leave a turn leaves at its end.
///
/// A turn is the loop's own thread's, which sleeps where the disk's completions arrive, so that one wait serves both.
/// While that thread sleeps, an event loop that hands something in runs the turn itself, after what else it has read:
/// waking the sleeper, and being woken by it, would cost more than most turns do. A lock makes turns exclude each
/// other and hands what they write from thread to thread. Flat combining (Hendler, Incze, Shavit, Tzafrir 2010) and
/// PostgreSQL's `XLogFlush`, in which a waiting backend flushes for the others, are the patterns.
public final class TurnLoop implements EventLoop {
    /// What the loop drives.
    public interface Work {
        /// One turn; returns how much was done.
        int doWork();

        /// As `Replica#nextWorkNanos`.
        long nextWorkNanos();

        void turnEnded();
    }

    private static final int INBOX_CHUNK = 4096;
    /// Tasks of one turn, so that completions of the disk are not kept waiting by a flood of them.
    private static final int TASKS_PER_TURN = 4096;

    /// Turns of a helper in one go: its connections wait. Then the loop's own thread has to see to the rest.
    private static final int TURNS_OF_A_HELPER = 8;

    /// The liveness check wants a turn now and then.
    private static final long LONGEST_SLEEP_NANOS = TimeUnit.SECONDS.toNanos(1);

    private record Timer(long atNanos, long sequence, Runnable task) implements Comparable<Timer> {
        @Override
        public int compareTo(Timer other) {
            // Differences, because nanoTime may wrap.
            var byTime = Long.compare(atNanos - other.atNanos, 0);
            return byTime != 0 ? byTime : Long.compare(sequence, other.sequence);
        }
    }

    // Without a bound of its own, because an event of the protocol cannot be refused. What stands in it is bounded
    // where it comes from: appends, commands and flushes by the replica's inbox, of which there is one task at a time;
    // questions and orders by `limits.connections` and `limits.connection-requests`, those of readers by
    // `limits.readers`; what is read, verified and copied in the background by one job a reader of the disk. Frames are
    // bounded by those who send them alone: entries by the window of a session, what else there is by its pace.
    private final MpscUnboundedArrayQueue<Runnable> inbox = new MpscUnboundedArrayQueue<>(INBOX_CHUNK);
    private final PriorityQueue<Timer> timers = new PriorityQueue<>();
    private final Supplier<@Nullable Executor> eventLoopOfThisThread;
    private final ReentrantLock turns = new ReentrantLock();
    private long timerSequence;
    private volatile @Nullable Driven driven;
    private volatile boolean sleeping;
    private volatile long sleepsUntilNanos;
    private volatile @Nullable Throwable brokenInHelp;
    private volatile boolean stopping;
    private volatile long turnedNanos = System.nanoTime();

    private record Driven(IoMethod io, Work work) {}

    /// @param eventLoopOfThisThread the event loop whose thread asks, which may run turns; null: this thread is none's
    TurnLoop(Supplier<@Nullable Executor> eventLoopOfThisThread) {
        this.eventLoopOfThisThread = eventLoopOfThisThread;
    }

    /// Runs until [#stop]; the calling thread is the loop's own. Throws what a turn threw, whoever ran it.
    void run(IoMethod io, Work work) {
        claim();
        driven = new Driven(io, work);
        try {
            while (!stopping) {
                if (turn(work) == 0) {
                    sleep(io, nextTurnNanos(work));
                }
                rethrow();
            }
        } finally {
            // Who waits for the lock finds that there are no more turns.
            stopping = true;
            turns.unlock();
        }
    }

    private int turn(Work work) {
        var now = System.nanoTime();
        turnedNanos = now;
        var done = runTasks() + runTimers(now) + work.doWork();
        work.turnEnded();
        return done;
    }

    private void rethrow() {
        switch (brokenInHelp) {
            case null -> {}
            case RuntimeException broken -> throw broken;
            case Error broken -> throw broken;
            case Throwable broken -> throw new IllegalStateException(broken);
        }
    }

    /// Takes over the thread before [#run], for what has to be done on it first.
    void claim() {
        if (!turns.isHeldByCurrentThread()) {
            turns.lock();
        }
    }

    private int runTasks() {
        return inbox.drain(Runnable::run, TASKS_PER_TURN);
    }

    private int runTimers(long now) {
        var done = 0;
        for (var next = timers.peek(); next != null && next.atNanos - now <= 0; next = timers.peek()) {
            timers.poll();
            next.task.run();
            done++;
        }
        return done;
    }

    private long nextTurnNanos(Work work) {
        var next = System.nanoTime() + LONGEST_SLEEP_NANOS;
        var due = work.nextWorkNanos();
        if (due != Long.MAX_VALUE && due - next < 0) {
            next = due;
        }
        var timer = timers.peek();
        return timer != null && timer.atNanos - next < 0 ? timer.atNanos : next;
    }

    private void sleep(IoMethod io, long untilNanos) {
        var timeout = untilNanos - System.nanoTime();
        if (timeout <= 0) {
            return;
        }
        sleepsUntilNanos = untilNanos;
        // Order: the flag first, then the look into the queue. Whoever adds afterwards sees the flag and wakes us.
        sleeping = true;
        var apart = io.awaitsApart();
        if (apart) {
            turns.unlock();
        }
        if (inbox.isEmpty() && !stopping) {
            io.await(timeout);
        }
        sleeping = false;
        if (apart) {
            turns.lock();
        }
    }

    void stop() {
        stopping = true;
        var current = driven;
        if (current != null) {
            current.io().wakeup();
        }
    }

    private void wake() {
        var current = driven;
        if (current == null || !sleeping || turns.isHeldByCurrentThread()) {
            // Not begun, or in a turn, and the queue is looked into after it.
            return;
        }
        var eventLoop = current.io().awaitsApart() ? eventLoopOfThisThread.get() : null;
        if (eventLoop == null || stopping) {
            current.io().wakeup();
        } else {
            eventLoop.execute(() -> help(current));
        }
    }

    /// The turns that are due, here. If somebody else has one, that one sees what was handed in.
    private void help(Driven current) {
        var left = TURNS_OF_A_HELPER;
        do {
            if (!turns.tryLock()) {
                return;
            }
            try {
                // What broke in a turn may have left half of it done: nothing goes on from there.
                if (stopping || brokenInHelp != null) {
                    return;
                }
                do {
                    left--;
                } while (turn(current.work()) > 0 && left > 0);
                if (left == 0 || nextTurnNanos(current.work()) - sleepsUntilNanos < 0) {
                    current.io().wakeup();
                }
            } catch (Throwable broken) {
                brokenInHelp = broken;
                current.io().wakeup();
                return;
            } finally {
                turns.unlock();
            }
        } while (left > 0 && !inbox.isEmpty());
    }

    @Override
    public void execute(Runnable task) {
        inbox.add(task);
        wake();
    }

    @Override
    public void schedule(long delayNanos, Runnable task) {
        timers.add(new Timer(System.nanoTime() + delayNanos, timerSequence++, task));
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public long wallMillis() {
        return System.currentTimeMillis();
    }

    /// Whether this thread is in a turn. Any thread.
    public boolean inLoop() {
        return turns.isHeldByCurrentThread();
    }

    /// How long ago the last turn began. Any thread.
    public long sinceTurnNanos() {
        return System.nanoTime() - turnedNanos;
    }
}
