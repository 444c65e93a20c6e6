package io.taffrail.replication.port;

/// The one thread that a replica lives on. Production: a platform thread that sleeps in `IoMethod.await`;
/// simulation: the scheduler.
public interface EventLoop {
    /// Runs the task later on the loop, in the order of the calls. Any thread.
    void execute(Runnable task);

    /// Runs the task on the loop once `delayNanos` are over. Loop thread.
    void schedule(long delayNanos, Runnable task);

    /// Monotonic.
    long nanoTime();

    /// Wall clock, for the time of batches; nothing is decided by it.
    long wallMillis();
}
