package io.taffrail.service;

import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/// Whether the kernel lets this process have the threads that it will need. Asked before anything is opened: frameworks
/// that cannot make a thread in the middle of their start wait for ever for one that would end it.
final class ThreadLimit {
    /// Of Vert.x, a processor.
    private static final int EVENT_LOOPS = 2;
    /// The replica, what makes a cluster of configured voters, and what marks a storage that failed.
    private static final int SINGLE_THREADS = 3;
    /// What Quarkus, Vert.x and the JVM (compilers, collectors, signals) make when they are first asked for it; a
    /// service that serves was seen with a dozen of them.
    private static final int REST = 20;
    /// They wait and return.
    private static final long STACK_BYTES = 128 << 10;

    private ThreadLimit() {}

    /// Beyond those of the JVM that runs already.
    static int needed(int processors) {
        return ServiceWiring.ownThreads(processors) + SINGLE_THREADS + EVENT_LOOPS * processors + REST;
    }

    /// Makes as many threads at once as are given, and ends them.
    ///
    /// @return what is refused; null: they can all be made
    static @Nullable String refusal(int needed) {
        var end = new CountDownLatch(1);
        var made = new ArrayList<Thread>(needed);
        try {
            while (made.size() < needed) {
                var thread = new Thread(null, () -> awaitQuietly(end), "probe-" + made.size(), STACK_BYTES);
                thread.start();
                made.add(thread);
            }
            return null;
        } catch (OutOfMemoryError none) {
            return "the limit on threads (ulimit -u, or pids.max of the control group) leaves " + made.size()
                    + " for the service: allowed is at least " + needed;
        } finally {
            end.countDown();
            made.forEach(ThreadLimit::joinQuietly);
        }
    }

    private static void awaitQuietly(CountDownLatch end) {
        try {
            end.await();
        } catch (InterruptedException ends) {
            Thread.currentThread().interrupt();
        }
    }

    private static void joinQuietly(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException ends) {
            Thread.currentThread().interrupt();
        }
    }
}
