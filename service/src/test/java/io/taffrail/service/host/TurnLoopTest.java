package io.taffrail.service.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.service.LocalServer;
import io.taffrail.service.rpc.RpcServer;
import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.IoRequest;
import io.taffrail.wal.io.worker.WorkerIoMethod;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TurnLoopTest {
    private final TurnLoop loop = new TurnLoop(RpcServer::eventLoopOfThisThread);
    private final AtomicInteger turns = new AtomicInteger();
    private final TurnLoop.Work work = new TurnLoop.Work() {
        @Override
        public int doWork() {
            return 0;
        }

        @Override
        public long nextWorkNanos() {
            return Long.MAX_VALUE;
        }

        @Override
        public void turnEnded() {
            turns.incrementAndGet();
        }
    };
    private final AtomicReference<Exception> ended = new AtomicReference<>();
    private final Thread thread = Thread.ofPlatform().start(() -> {
        try (var io = new WorkerIoMethod(Runnable::run)) {
            loop.run(io, work);
        } catch (IllegalStateException broken) {
            ended.set(broken);
        }
    });

    @AfterEach
    void stop() throws InterruptedException {
        loop.stop();
        thread.join();
    }

    private static void await(CountDownLatch latch) throws InterruptedException {
        assertTrue(latch.await(5, TimeUnit.MINUTES));
    }

    @Test
    void tasksRunInTheOrderOfTheCallsWhereverTheLoopSleeps() throws InterruptedException {
        List<Integer> ran = new ArrayList<>();
        for (var round = 0; round < 200; round++) {
            var done = new CountDownLatch(1);
            var first = 3 * round;
            loop.execute(() -> ran.add(first));
            loop.execute(() -> ran.add(first + 1));
            loop.execute(() -> {
                ran.add(first + 2);
                done.countDown();
            });
            await(done);
        }
        assertEquals(600, ran.size());
        for (var i = 0; i < ran.size(); i++) {
            assertEquals(i, ran.get(i));
        }
    }

    @Test
    void noTaskIsForgottenWhenManyThreadsHandThemIn() throws InterruptedException {
        var each = 20_000;
        var done = new CountDownLatch(4 * each);
        var threads = new ArrayList<Thread>();
        for (var i = 0; i < 4; i++) {
            threads.add(Thread.ofPlatform().start(() -> {
                for (var task = 0; task < each; task++) {
                    loop.execute(done::countDown);
                }
            }));
        }
        for (var adder : threads) {
            adder.join();
        }
        await(done);
    }

    @Test
    void anEventLoopRunsTheTurnItselfWhileTheLoopSleeps() throws Exception {
        var vertx = Vertx.vertx();
        try {
            var thread = new CompletableFuture<Thread>();
            for (var round = 0; round < 10_000 && !isEventLoop(thread); round++) {
                var ran = new CompletableFuture<Thread>();
                vertx.getOrCreateContext()
                        .runOnContext(_ -> loop.execute(() -> {
                            assertTrue(loop.inLoop());
                            ran.complete(Thread.currentThread());
                        }));
                thread = ran;
                ran.get(5, TimeUnit.MINUTES);
            }
            assertTrue(isEventLoop(thread), "no turn of " + turns.get() + " was an event loop's");
        } finally {
            LocalServer.close(vertx);
        }
    }

    private static boolean isEventLoop(CompletableFuture<Thread> thread) {
        return thread.isDone() && thread.join().getName().startsWith("vert.x-eventloop");
    }

    @Test
    void turnsExcludeEachOtherAndNoTaskOfAnEventLoopIsForgotten() throws Exception {
        var vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(4));
        try {
            var each = 5_000;
            var done = new CountDownLatch(8 * each);
            var inside = new AtomicInteger();
            var most = new AtomicInteger();
            for (var i = 0; i < 8; i++) {
                handIn(vertx.getOrCreateContext(), each, () -> {
                    most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                    done.countDown();
                    inside.decrementAndGet();
                });
            }
            await(done);
            assertEquals(1, most.get());
        } finally {
            LocalServer.close(vertx);
        }
    }

    /// One at a time, so that the loop falls asleep in between.
    private void handIn(Context context, int times, Runnable task) {
        if (times > 0) {
            context.runOnContext(_ -> {
                loop.execute(task);
                handIn(context, times - 1, task);
            });
        }
    }

    @Test
    void whatBreaksInAnEventLoopsTurnEndsTheLoop() throws Exception {
        var vertx = Vertx.vertx();
        try {
            vertx.getOrCreateContext()
                    .runOnContext(_ -> loop.execute(() -> {
                        throw new IllegalStateException("broken");
                    }));
            thread.join(Duration.ofMinutes(5));
            assertEquals("broken", ended.get().getMessage());
        } finally {
            LocalServer.close(vertx);
        }
    }

    /// A disk with nothing to do, on which the loop's own thread sleeps until the test wakes it.
    private static final class Asleep implements IoMethod {
        private final CountDownLatch asleep = new CountDownLatch(1);
        private final CountDownLatch awake = new CountDownLatch(1);

        @Override
        public String name() {
            return "asleep";
        }

        @Override
        public void submit(IoRequest request) {
            throw new UnsupportedOperationException(request.describe());
        }

        @Override
        public boolean awaitsApart() {
            return true;
        }

        @Override
        public int poll() {
            return 0;
        }

        @Override
        public void await(long timeoutNanos) {
            asleep.countDown();
            try {
                TurnLoopTest.await(awake);
            } catch (InterruptedException interrupted) {
                throw new AssertionError(interrupted);
            }
        }

        @Override
        public void wakeup() {}

        @Override
        public int inFlight() {
            return 0;
        }

        @Override
        public void close() {}
    }

    @Test
    void noTurnFollowsOneThatBroke() throws Exception {
        var eventLoop = new ArrayDeque<Runnable>();
        var breaking = new TurnLoop(() -> eventLoop::add);
        var disk = new Asleep();
        var end = new CompletableFuture<Throwable>();
        var own = Thread.ofPlatform().start(() -> {
            try {
                breaking.run(disk, work);
                end.complete(new AssertionError("it ended as if nothing were broken"));
            } catch (IllegalStateException broken) {
                end.complete(broken);
            }
        });
        await(disk.asleep);
        breaking.execute(() -> {
            throw new IllegalStateException("broken");
        });
        eventLoop.remove().run();
        var wentOn = new AtomicInteger();
        breaking.execute(wentOn::incrementAndGet);
        eventLoop.remove().run();
        disk.awake.countDown();
        own.join();
        assertEquals("broken", end.join().getMessage());
        assertEquals(0, wentOn.get());
    }

    @Test
    void timersRunInTheOrderOfTheirTimes() throws InterruptedException {
        var done = new CountDownLatch(3);
        List<String> ran = new ArrayList<>();
        loop.execute(() -> {
            loop.schedule(20_000_000, () -> ran.add("later"));
            loop.schedule(2_000_000, () -> ran.add("and after"));
            loop.schedule(1_000_000, () -> ran.add("sooner"));
            for (var i = 0; i < 3; i++) {
                loop.schedule(30_000_000, done::countDown);
            }
        });
        await(done);
        // The list is the loop's; the latch hands it over.
        assertEquals(List.of("sooner", "and after", "later"), ran);
    }

    @Test
    void aSleepingLoopIsAlive() throws InterruptedException {
        var done = new CountDownLatch(1);
        loop.execute(() -> loop.schedule(1_500_000_000, done::countDown));
        await(done);
        assertTrue(loop.sinceTurnNanos() < TimeUnit.SECONDS.toNanos(30));
        assertTrue(turns.get() > 0);
    }
}
