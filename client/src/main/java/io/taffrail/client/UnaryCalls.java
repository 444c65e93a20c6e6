package io.taffrail.client;

import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.taffrail.proto.log.ErrorCode;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// Calls with one answer: blocking, bounded, tried again where that can do no harm. Any thread.
final class UnaryCalls {
    /// Whether a call whose outcome is unknown may simply be made again.
    enum Repeat {
        SAFE,
        ONLY_IF_REFUSED,
        /// As above, but not after NOT_NOW, which is also said of what was tried in vain and disturbed others.
        UNLESS_NOT_NOW;

        boolean isAllowedAfter(LogClientException failure) {
            return switch (this) {
                case SAFE -> true;
                case ONLY_IF_REFUSED -> failure.isDefiniteRefusal();
                case UNLESS_NOT_NOW -> failure.isDefiniteRefusal() && failure.code() != ErrorCode.ERROR_CODE_NOT_NOW;
            };
        }
    }

    private final Connections connections;
    private final LeaderCache leaders;
    private final List<Endpoint> endpoints;
    private final RetryPolicy retry;

    UnaryCalls(Connections connections, LeaderCache leaders, List<Endpoint> endpoints, RetryPolicy retry) {
        this.connections = connections;
        this.leaders = leaders;
        this.endpoints = endpoints;
        this.retry = retry;
    }

    <Q, A> A toLeader(MethodDescriptor<Q, A> method, Q request, Repeat repeat) {
        return toLeader(method, request, repeat, retry.totalTimeout());
    }

    <Q, A> A toLeader(MethodDescriptor<Q, A> method, Q request, Repeat repeat, Duration timeout) {
        var deadlineNanos = System.nanoTime() + timeout.toNanos();
        LogClientException problem = null;
        for (var failures = 1; ; failures++) {
            var endpoint = await(leaders.locate(), deadlineNanos);
            try {
                return call(endpoint, method, request, deadlineNanos);
            } catch (LogClientException failure) {
                leaders.learn(failure, endpoint);
                // What its disk has lost the leader does not find when it is asked again.
                var lost = failure.code() == ErrorCode.ERROR_CODE_DATA_LOSS;
                if (!failure.isRetryable() || !repeat.isAllowedAfter(failure) || lost) {
                    throw failure;
                }
                // That the time is over says less than why it went by.
                problem = problem != null && failure.kind() == LogClientException.Kind.TIMED_OUT ? problem : failure;
                pause(failures, deadlineNanos, problem);
            }
        }
    }

    /// The first of the endpoints that answers; for what every replica knows.
    <Q, A> A toAny(MethodDescriptor<Q, A> method, Q request) {
        var deadlineNanos = System.nanoTime() + retry.totalTimeout().toNanos();
        for (var failures = 1; ; failures++) {
            LogClientException last = null;
            for (var endpoint : endpoints) {
                try {
                    return call(endpoint, method, request, deadlineNanos);
                } catch (LogClientException failure) {
                    if (!failure.isRetryable()) {
                        throw failure;
                    }
                    last = failure;
                }
            }
            pause(failures, deadlineNanos, last);
        }
    }

    /// Not tried again: what was streamed cannot be called back.
    <Q, A> Iterator<A> streamFromLeader(MethodDescriptor<Q, A> method, Q request) {
        var endpoint =
                await(leaders.locate(), System.nanoTime() + retry.totalTimeout().toNanos());
        var answers = ClientCalls.blockingServerStreamingCall(
                connections.channel(endpoint), method, CallOptions.DEFAULT, request);
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                try {
                    return answers.hasNext();
                } catch (StatusRuntimeException failed) {
                    throw LogClientException.of(failed, endpoint);
                }
            }

            @Override
            public A next() {
                try {
                    return answers.next();
                } catch (StatusRuntimeException failed) {
                    throw LogClientException.of(failed, endpoint);
                }
            }
        };
    }

    <Q, A> A to(Endpoint endpoint, MethodDescriptor<Q, A> method, Q request) {
        return call(
                endpoint,
                method,
                request,
                System.nanoTime() + retry.totalTimeout().toNanos());
    }

    private <Q, A> A call(Endpoint endpoint, MethodDescriptor<Q, A> method, Q request, long deadlineNanos) {
        var left = Math.max(1, deadlineNanos - System.nanoTime());
        var timeoutNanos = Math.min(left, retry.attemptTimeout().toNanos());
        try {
            return ClientCalls.blockingUnaryCall(
                    connections.channel(endpoint),
                    method,
                    CallOptions.DEFAULT.withDeadlineAfter(timeoutNanos, TimeUnit.NANOSECONDS),
                    request);
        } catch (StatusRuntimeException failed) {
            throw LogClientException.of(failed, endpoint);
        }
    }

    private void pause(int failures, long deadlineNanos, @Nullable LogClientException failure) {
        var millis = retry.backoffMillis(failures, ThreadLocalRandom.current());
        if (failure != null && deadlineNanos - System.nanoTime() <= TimeUnit.MILLISECONDS.toNanos(millis)) {
            throw failure;
        }
        try {
            Thread.sleep(millis);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new LogClientException(LogClientException.Kind.CLOSED, "interrupted while waiting to retry", failure);
        }
    }

    private static Endpoint await(Future<Endpoint> future, long deadlineNanos) {
        try {
            return future.get(Math.max(1, deadlineNanos - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new LogClientException(
                    LogClientException.Kind.CLOSED, "interrupted while looking for the leader", null);
        } catch (ExecutionException | TimeoutException failed) {
            throw new LogClientException(LogClientException.Kind.UNAVAILABLE, "no replica says who leads", failed);
        }
    }
}
