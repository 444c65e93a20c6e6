package io.taffrail.service.host;

import io.taffrail.replication.port.EventLoop;
import io.taffrail.wal.io.IoMethod;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jctools.queues.MpscUnboundedArrayQueue;
import org.jspecify.annotations.Nullable;

/// The one thread that a replica lives on. It runs what others hand in, timers, and the log's work, and sleeps where
/// the disk's completions arrive, so that one wait serves both. A turn takes in what had come when it began; what is
/// to leave the loop leaves at the turn's end.
public final class ReplicaLoop implements EventLoop {
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

    // Without a bound, because an event of the protocol cannot be refused; appends are bounded by the replica's inbox.
    private final MpscUnboundedArrayQueue<Runnable> inbox = new MpscUnboundedArrayQueue<>(INBOX_CHUNK);
    private final PriorityQueue<Timer> timers = new PriorityQueue<>();
    private final AtomicBoolean sleeping = new AtomicBoolean();
    private long timerSequence;
    private volatile @Nullable IoMethod io;
    private volatile @Nullable Thread thread;
    private volatile boolean stopping;
    private volatile long turnedNanos = System.nanoTime();

    /// Runs until [#stop]; the calling thread is the loop's.
    void run(IoMethod ioMethod, Work work) {
        io = ioMethod;
        thread = Thread.currentThread();
        while (!stopping) {
            var now = System.nanoTime();
            turnedNanos = now;
            var done = runTasks() + runTimers(now) + work.doWork();
            work.turnEnded();
            if (done == 0) {
                sleep(ioMethod, work.nextWorkNanos());
            }
        }
    }

    /// Takes over the thread before [#run], for what has to be done on it first.
    void claim() {
        thread = Thread.currentThread();
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

    private void sleep(IoMethod ioMethod, long nextWorkNanos) {
        var now = System.nanoTime();
        var timeout = LONGEST_SLEEP_NANOS;
        if (nextWorkNanos != Long.MAX_VALUE) {
            timeout = Math.min(timeout, nextWorkNanos - now);
        }
        var timer = timers.peek();
        if (timer != null) {
            timeout = Math.min(timeout, timer.atNanos - now);
        }
        if (timeout <= 0) {
            return;
        }
        // Order: the flag first, then the look into the queue. Whoever adds afterwards sees the flag and wakes us.
        sleeping.set(true);
        if (inbox.isEmpty() && !stopping) {
            ioMethod.await(timeout);
        }
        sleeping.set(false);
    }

    void stop() {
        stopping = true;
        wake();
    }

    private void wake() {
        var current = io;
        if (current != null && sleeping.get() && sleeping.compareAndSet(true, false)) {
            current.wakeup();
        }
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

    /// Any thread.
    public boolean inLoop() {
        return Thread.currentThread().equals(thread);
    }

    /// How long ago the last turn began. Any thread.
    public long sinceTurnNanos() {
        return System.nanoTime() - turnedNanos;
    }
}
