package io.taffrail.service;

import io.grpc.stub.StreamObserver;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// What came on a streaming call.
public final class ReplySink<T> implements StreamObserver<T> {
    private static final long LONGEST_WAIT_SECONDS = 300;
    private final BlockingQueue<T> replies = new LinkedBlockingQueue<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile @Nullable Throwable failure;

    @Override
    public void onNext(T reply) {
        replies.add(reply);
    }

    @Override
    public void onError(Throwable cause) {
        failure = cause;
        ended.countDown();
    }

    @Override
    public void onCompleted() {
        ended.countDown();
    }

    public T next() {
        try {
            var reply = replies.poll(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS);
            if (reply == null) {
                throw new AssertionError("no reply within " + LONGEST_WAIT_SECONDS + " s; the call "
                        + (ended.getCount() == 0 ? "ended: " + failure : "is open"));
            }
            return reply;
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    public int waiting() {
        return replies.size();
    }

    /// Null: it completed.
    public @Nullable Throwable awaitEnd() {
        try {
            if (!ended.await(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError("the call did not end within " + LONGEST_WAIT_SECONDS + " s");
            }
            return failure;
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }
}
