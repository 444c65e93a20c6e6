package io.taffrail.client;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.taffrail.proto.log.ErrorCode;
import io.taffrail.proto.log.Isolation;
import io.taffrail.proto.log.LogGrpc;
import io.taffrail.proto.log.ReadPosition;
import io.taffrail.proto.log.ReadRequest;
import io.taffrail.proto.log.ReadResponse;
import io.taffrail.proto.log.RecordBatch;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Reads one stream in order, without a gap and nothing twice, over as many connections as it takes. For one thread.
///
/// A few messages are fetched ahead; when no-one takes them, the service sends no more.
public final class Reader implements AutoCloseable {
    private static final long UNKNOWN = -1;

    private final String stream;
    private final ReaderConfig config;
    private final Connections connections;
    private final LeaderCache leaders;
    private final RetryPolicy retry;
    private final ScheduledExecutorService timer;
    private final Consumer<AutoCloseable> whenClosed;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();

    // Under the lock, from here on.
    private final ArrayDeque<ReadResponse> buffer = new ArrayDeque<>();
    private @Nullable Connection connection;
    // Of the next record to arrive; after a disconnect, where to go on.
    private long arrivingOffset = UNKNOWN;
    private long arrivedRecords;
    private @Nullable ReadPosition position;
    private long tailOffset;
    private boolean heard;
    private int failures;
    private long troubleSinceNanos;
    private boolean complete;
    private boolean closed;
    private @Nullable LogClientException failure;
    private final ReplicaRound round;

    // The reading thread's own.
    private @Nullable ReadResponse response;
    private int batchInResponse;
    private @Nullable RecordBatch batch;
    private int recordInBatch;
    private long nextOffset = UNKNOWN;

    Reader(
            String stream,
            ReaderConfig config,
            Connections connections,
            LeaderCache leaders,
            RetryPolicy retry,
            ScheduledExecutorService timer,
            Consumer<AutoCloseable> whenClosed) {
        this.stream = stream;
        this.config = config;
        this.connections = connections;
        this.leaders = leaders;
        this.retry = retry;
        this.timer = timer;
        this.whenClosed = whenClosed;
        this.round = new ReplicaRound(leaders.endpoints());
        connect(0);
    }

    /// The next record; null: none within the timeout, or [#isAtEnd].
    public @Nullable LogRecord next(Duration timeout) {
        if (batch == null || recordInBatch == batch.getRecordsCount()) {
            batch = nextBatch(timeout);
            recordInBatch = 0;
            if (batch == null) {
                return null;
            }
        }
        var index = recordInBatch++;
        return new LogRecord(
                batch.getBaseOffset() + index, batch.getTimestampMillis(), batch.getEpoch(), batch.getRecords(index));
    }

    /// The next records as they were stored; never without any. Null: none within the timeout, or [#isAtEnd]. Use
    /// this or [#next], not both.
    public @Nullable RecordBatch nextBatch(Duration timeout) {
        var deadlineNanos = System.nanoTime() + timeout.toNanos();
        while (true) {
            while (response != null && batchInResponse < response.getBatchesCount()) {
                var next = response.getBatches(batchInResponse++);
                if (next.getRecordsCount() > 0) {
                    nextOffset = next.getBaseOffset() + next.getRecordsCount();
                    return next;
                }
            }
            response = take(deadlineNanos);
            batchInResponse = 0;
            if (response == null) {
                return null;
            }
        }
    }

    /// All that [#next] returns until the end; while following, each step waits for the next record without limit, so
    /// close the reader from another thread to end it.
    public Iterator<LogRecord> iterator() {
        return new Iterator<>() {
            private @Nullable LogRecord ahead;

            @Override
            public boolean hasNext() {
                while (ahead == null && !isAtEnd()) {
                    ahead = Reader.this.next(Duration.ofSeconds(1));
                }
                return ahead != null;
            }

            @Override
            public LogRecord next() {
                if (!hasNext() || ahead == null) {
                    throw new NoSuchElementException("the reader is at its end");
                }
                var record = ahead;
                ahead = null;
                return record;
            }
        };
    }

    /// Nothing more will come: the tail of a reader that does not follow, maxRecords, or closed.
    public boolean isAtEnd() {
        lock.lock();
        try {
            var drained = response == null || batchInResponse == response.getBatchesCount();
            return closed || (complete && buffer.isEmpty() && drained && isBatchDone());
        } finally {
            lock.unlock();
        }
    }

    private boolean isBatchDone() {
        return batch == null || recordInBatch == batch.getRecordsCount();
    }

    /// Offset of the record after the last one returned by [#nextBatch]; -1 before the first.
    public long nextOffset() {
        return nextOffset;
    }

    /// The furthest end of the stream that a replica has told this reader, at its isolation.
    public long tailOffset() {
        lock.lock();
        try {
            return tailOffset;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            drop("closed");
            arrived.signalAll();
        } finally {
            lock.unlock();
        }
        whenClosed.accept(this);
    }

    private @Nullable ReadResponse take(long deadlineNanos) {
        lock.lock();
        try {
            while (buffer.isEmpty()) {
                if (failure != null) {
                    throw failure;
                }
                var leftNanos = deadlineNanos - System.nanoTime();
                if (complete || closed || leftNanos <= 0) {
                    return null;
                }
                arrived.awaitNanos(leftNanos);
            }
            if (connection != null) {
                connection.call.request(1);
            }
            return buffer.remove();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new LogClientException(
                    LogClientException.Kind.CLOSED, "interrupted while waiting for records", interrupted);
        } finally {
            lock.unlock();
        }
    }

    private void connect(long delayMillis) {
        var _ = timer.schedule(this::locateAndConnect, delayMillis, TimeUnit.MILLISECONDS);
    }

    private void locateAndConnect() {
        var _ = leaders.locate().thenAccept(endpoint -> locked(() -> connectTo(round.next(endpoint))));
    }

    private void connectTo(Endpoint endpoint) {
        if (closed || complete || failure != null || connection != null) {
            return;
        }
        var request = ReadRequest.newBuilder()
                .setStream(stream)
                .setFollow(config.follow())
                .setIsolation(config.isolation())
                .setMaxResponseBytes(config.maxResponseBytes())
                .setLinearizable(asksForTheEnd(endpoint));
        if (config.maxRecords() > 0) {
            request.setMaxRecords(config.maxRecords() - arrivedRecords);
        }
        if (arrivingOffset == UNKNOWN) {
            config.from().applyTo(request);
        } else {
            request.setOffset(arrivingOffset);
        }
        if (position != null) {
            request.setAfter(position);
        }
        try {
            var call = connections.channel(endpoint).newCall(LogGrpc.getReadMethod(), CallOptions.DEFAULT);
            connection = new Connection(call, endpoint);
            call.start(connection, new Metadata());
            call.request(Math.max(1, config.bufferedResponses() - buffer.size()));
            call.sendMessage(request.build());
            call.halfClose();
        } catch (LogClientException closedClient) {
            fail(closedClient);
        }
    }

    /// Who lags would end the read too early. Once the leader has told how far the stream goes, anybody's copy will do,
    /// as it has to where nobody is known to lead or the leader's is damaged.
    private boolean asksForTheEnd(Endpoint endpoint) {
        return !config.follow() && !heard && !round.isOpen() && leads(endpoint);
    }

    private void received(ReadResponse message) {
        failures = 0;
        heard = true;
        round.close();
        // A replica that lags tells a smaller one.
        tailOffset = Math.max(tailOffset, message.getNextOffset());
        if (message.hasPosition()) {
            position = message.getPosition();
        }
        for (var next : message.getBatchesList()) {
            if (arrivingOffset != UNKNOWN && next.getBaseOffset() != arrivingOffset) {
                fail(new LogClientException(
                        LogClientException.Kind.PROTOCOL,
                        "stream %s: records from offset %s arrived where %s was next"
                                .formatted(stream, next.getBaseOffset(), arrivingOffset),
                        null));
                return;
            }
            arrivingOffset = next.getBaseOffset() + next.getRecordsCount();
            arrivedRecords += next.getRecordsCount();
        }
        // Nothing yet, but now it is known where 'latest' was: a second connection must not skip what came between.
        if (arrivingOffset == UNKNOWN && config.from() instanceof ReadFrom.Latest) {
            arrivingOffset = message.getNextOffset();
        }
        if (message.getBatchesCount() > 0) {
            buffer.add(message);
            arrived.signalAll();
        } else if (connection != null) {
            connection.call.request(1);
        }
    }

    private void ended(Status status, LogClientException cause, Endpoint endpoint) {
        connection = null;
        var enough = config.maxRecords() > 0 && arrivedRecords >= config.maxRecords();
        var atEnd = status.isOk() && !config.follow();
        if (enough || (atEnd && isWhole(endpoint))) {
            complete = true;
            arrived.signalAll();
            return;
        }
        var problem = atEnd ? endsEarly(endpoint) : cause;
        if (!atEnd) {
            leaders.learn(cause, endpoint);
        }
        var damaged = problem.code() == ErrorCode.ERROR_CODE_DATA_LOSS && problem.isRetryable();
        if (round.isOpen() || atEnd || damaged) {
            round.failed(endpoint, problem);
        }
        // Who is asked instead of another may lag, so its refusal says nothing of the stream; the leader's does.
        var decides = !round.isOpen() || leads(endpoint);
        if (!problem.isRetryable() && decides) {
            fail(problem);
            return;
        }
        if (++failures == 1) {
            troubleSinceNanos = System.nanoTime();
        }
        var totalTimeout = retry.totalTimeout();
        if (System.nanoTime() - troubleSinceNanos > totalTimeout.toNanos()) {
            fail(round.reasonOr(problem));
            return;
        }
        connect(retry.backoffMillis(failures, problem, ThreadLocalRandom.current()));
    }

    /// Whether the stream ends where the replica says so, or only its copy does.
    private boolean isWhole(Endpoint endpoint) {
        if (config.isolation() == Isolation.ISOLATION_BUFFERED) {
            // Only a leader shows it, and what the one before had in its queue may be gone.
            return true;
        }
        if (arrivingOffset != UNKNOWN) {
            return arrivingOffset >= tailOffset;
        }
        // No tail was told, but what is damaged elsewhere has to be somewhere.
        return !round.isOpen() || leads(endpoint) || config.from() instanceof ReadFrom.Latest;
    }

    private LogClientException endsEarly(Endpoint endpoint) {
        return new LogClientException(
                LogClientException.Kind.UNAVAILABLE,
                "stream %s: the copy of %s ends at offset %s, and %s was told before"
                        .formatted(stream, endpoint, arrivingOffset, tailOffset),
                null);
    }

    private boolean leads(Endpoint endpoint) {
        return endpoint.equals(leaders.leader());
    }

    private void fail(LogClientException cause) {
        failure = cause;
        drop("failed");
        arrived.signalAll();
    }

    private void drop(String why) {
        if (connection != null) {
            connection.call.cancel(why, null);
            connection = null;
        }
    }

    private void locked(Runnable action) {
        lock.lock();
        try {
            action.run();
        } catch (RuntimeException broken) {
            // On a thread that no-one watches: without this the reader would wait for ever.
            fail(new LogClientException(LogClientException.Kind.PROTOCOL, "the client failed: " + broken, broken));
        } finally {
            lock.unlock();
        }
    }

    private final class Connection extends ClientCall.Listener<ReadResponse> {
        private final ClientCall<ReadRequest, ReadResponse> call;
        private final Endpoint endpoint;

        Connection(ClientCall<ReadRequest, ReadResponse> call, Endpoint endpoint) {
            this.call = call;
            this.endpoint = endpoint;
        }

        @Override
        public void onMessage(ReadResponse message) {
            locked(() -> {
                if (connection == this) {
                    received(message);
                }
            });
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            locked(() -> {
                if (connection == this) {
                    ended(status, LogClientException.of(status, trailers, endpoint), endpoint);
                }
            });
        }
    }
}
