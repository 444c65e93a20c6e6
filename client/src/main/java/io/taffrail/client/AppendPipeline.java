package io.taffrail.client;

import io.grpc.Metadata;
import io.grpc.Status;
import io.taffrail.proto.log.Acknowledgement;
import io.taffrail.proto.log.AppendResponse;
import io.taffrail.proto.log.Error;
import io.taffrail.proto.log.ErrorCode;
import io.taffrail.proto.log.Notification;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Sealed batches on their way over one connection at a time, oldest first. A connection that breaks, and a refusal
/// that may pass, come to the same: what is not acknowledged is sent again in the same order over the next one.
///
/// Everything is called with the appender's lock held, except [#runCompletions], which must be called after each
/// release of it: futures run what callers attached, and that must not run under the lock.
/// The connection is a part in an [AppendCall]; over each new one all that is not acknowledged is sent again, and what
/// the one before still says is not heard.
final class AppendPipeline implements DeliveryWatch.Waiting {
    /// A leader whose acknowledgements stay away for so long may have been replaced without knowing it. The
    /// others are asked then, and again after twice the time, up to the longest.
    private static final long FIRST_DOUBT_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long LONGEST_DOUBT_NANOS = TimeUnit.SECONDS.toNanos(30);

    /// The appender's side: the batch that is still open, and how much it has admitted.
    interface Source {
        boolean hasOpenBatch();

        /// Adds the open batch here, unless it may linger for company.
        void offerOpenBatch(boolean evenIfItMayLinger);

        void releaseBytes(long count);

        void releaseRecords(long count);
    }

    private final ReentrantLock lock;
    private final AppenderConfig config;
    private final AppendCalls calls;
    private final long appender;
    private final LeaderCache leaders;
    private final RetryPolicy retry;
    private final ScheduledExecutorService timer;
    private final Source source;
    private final DeliveryWatch watch;
    private final Queue<Runnable> completions = new ConcurrentLinkedQueue<>();
    private final ReentrantLock completing = new ReentrantLock();
    // What connections have said, no more than the answers that were asked for. A transport's thread serves all
    // connections and must not wait for an appending one: whoever has the lock takes this in.
    private final Queue<Runnable> arrived = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waitingForRoom = new AtomicInteger();

    private final ArrayDeque<Batch> unsent = new ArrayDeque<>();
    private final ArrayDeque<Batch> sent = new ArrayDeque<>();
    // Acknowledged, with a later level to come.
    private final Map<Long, Batch> awaiting = new LinkedHashMap<>();
    private @Nullable Batch newest;
    private @Nullable Connection connection;
    private boolean watched;
    /// The batch that was sent last is of one record.
    private boolean wasAlone;
    private long lastCall = -1;
    private boolean connecting;
    private boolean closed;
    private int failures;
    /// When something was last acknowledged, or the oldest batch that waits was sent.
    private long movedNanos;
    private long doubtNanos = FIRST_DOUBT_NANOS;
    private boolean asking;
    private long acknowledgedRecords;
    private long lastAcknowledgedSequence = -1;
    private @Nullable LogClientException lastProblem;
    private @Nullable LogClientException failure;

    AppendPipeline(
            ReentrantLock lock,
            AppenderConfig config,
            AppendCalls calls,
            long appender,
            LeaderCache leaders,
            RetryPolicy retry,
            ScheduledExecutorService timer,
            DeliveryWatch watch,
            Source source) {
        this.lock = lock;
        this.config = config;
        this.calls = calls;
        this.appender = appender;
        this.leaders = leaders;
        this.retry = retry;
        this.timer = timer;
        this.source = source;
        this.watch = watch;
    }

    void add(Batch batch) {
        unsent.add(batch);
        newest = batch;
        beWatched();
    }

    private void beWatched() {
        if (!watched) {
            watched = true;
            watch.add(this);
        }
    }

    private void beLeftAlone() {
        watched = false;
        watch.remove(this);
    }

    /// Sends as much as the connection takes; connects if there is something to send. What is appended while the
    /// connection's thread is on its way to send goes in the same batch. A record that has no company, and whose
    /// predecessor had none, does not wait for that thread.
    void pump() {
        if (failure != null || closed) {
            return;
        }
        if (connection != null) {
            if (sent.isEmpty() && wasAlone) {
                send(connection);
            } else {
                connection.sendSoon();
            }
        } else if (hasWork()) {
            beWatched();
            if (!connecting) {
                connect(0);
            }
        }
    }

    private void send(Connection to) {
        while (sent.size() < config.maxInFlightBatches() && to.session.isReady()) {
            if (unsent.isEmpty()) {
                source.offerOpenBatch(false);
            }
            var batch = unsent.poll();
            if (batch == null) {
                return;
            }
            if (sent.isEmpty()) {
                moved();
            }
            sent.add(batch);
            wasAlone = batch.recordCount() == 1;
            to.session.send(batch.message());
        }
    }

    private void moved() {
        movedNanos = System.nanoTime();
        doubtNanos = FIRST_DOUBT_NANOS;
    }

    private boolean hasWork() {
        return !unsent.isEmpty() || source.hasOpenBatch();
    }

    CompletableFuture<Void> newestAcknowledged() {
        if (newest == null) {
            return CompletableFuture.completedFuture(null);
        }
        // Acknowledgements come in order, so the newest speaks for all.
        return newest.acknowledged().thenAccept(ack -> {});
    }

    long acknowledgedRecords() {
        return acknowledgedRecords;
    }

    @Nullable
    LogClientException failure() {
        return failure;
    }

    void close() {
        closed = true;
        beLeftAlone();
        failAll(new LogClientException(LogClientException.Kind.CLOSED, "the appender was closed", lastProblem));
        if (connection != null) {
            connection.session.leave();
        }
    }

    /// Does nothing under the lock: whoever holds it comes here when it has released it.
    void runCompletions() {
        if (lock.isHeldByCurrentThread()) {
            return;
        }
        takeArrived();
        complete();
    }

    /// One after another, in the order in which they were decided: a batch that is acknowledged, and then fails for
    /// its later levels, must not fail first. Whoever completes now looks here once it is through, and so does a
    /// callback's caller.
    private void complete() {
        while (!completions.isEmpty() && !completing.isHeldByCurrentThread() && completing.tryLock()) {
            try {
                for (var next = completions.poll(); next != null; next = completions.poll()) {
                    next.run();
                }
            } finally {
                completing.unlock();
            }
        }
    }

    /// From here on what arrives is not left to whoever has the lock: that one is about to wait for room, and looks
    /// once more before.
    void beginWait() {
        waitingForRoom.incrementAndGet();
    }

    void endWait() {
        waitingForRoom.decrementAndGet();
    }

    /// Whoever has the lock now looks here once it has released it, unless it waits for room.
    private void takeArrived() {
        while (!arrived.isEmpty() && lockToTakeArrived()) {
            try {
                for (var next = arrived.poll(); next != null; next = arrived.poll()) {
                    guarded(next);
                }
            } finally {
                lock.unlock();
            }
        }
    }

    private boolean lockToTakeArrived() {
        if (waitingForRoom.get() > 0) {
            lock.lock();
            return true;
        }
        return lock.tryLock();
    }

    private void connect(long delayMillis) {
        connecting = true;
        var _ = timer.schedule(this::locateAndConnect, delayMillis, TimeUnit.MILLISECONDS);
    }

    private void locateAndConnect() {
        var _ = leaders.locate().thenAccept(endpoint -> locked(() -> connectTo(endpoint)));
    }

    private void connectTo(Endpoint endpoint) {
        connecting = false;
        if (closed || failure != null || connection != null) {
            return;
        }
        try {
            connection = new Connection(endpoint);
        } catch (LogClientException closedClient) {
            fail(closedClient);
            return;
        }
        pump();
    }

    private void acknowledged(long sequence, Acknowledgement ack) {
        var batch = sent.peek();
        if (batch == null || batch.sequence() != sequence || batch.recordCount() != ack.getRecordCount()) {
            fail(new LogClientException(
                    LogClientException.Kind.PROTOCOL,
                    "an acknowledgement of %s records under sequence %s, where %s was due"
                            .formatted(
                                    ack.getRecordCount(),
                                    sequence,
                                    batch == null
                                            ? "none"
                                            : batch.recordCount() + " under sequence " + batch.sequence()),
                    null));
            return;
        }
        sent.remove();
        moved();
        failures = 0;
        lastAcknowledgedSequence = batch.sequence();
        acknowledgedRecords += batch.recordCount();
        source.releaseBytes(batch.message().recordsBytes());
        batch.release();
        batch.stagesLeft().removeAll(Batch.stagesReached(ack));
        if (batch.stagesLeft().isEmpty()) {
            source.releaseRecords(batch.recordCount());
        } else {
            awaiting.put(sequence, batch);
        }
        var stillToCome = config.laterStages();
        completions.add(() -> batch.complete(ack, stillToCome));
        pump();
    }

    private void notified(long sequence, Notification notification) {
        var batch = awaiting.get(sequence);
        if (batch == null) {
            batch = sent.stream()
                    .filter(candidate -> candidate.sequence() == sequence)
                    .findFirst()
                    .orElse(null);
        }
        // An acknowledgement may have said as much already.
        if (batch == null) {
            return;
        }
        var told = batch;
        told.stagesLeft().remove(notification.getStage());
        if (told.isAcknowledged() && told.stagesLeft().isEmpty()) {
            awaiting.remove(sequence);
            source.releaseRecords(told.recordCount());
        }
        completions.add(() -> told.complete(notification.getStage(), notification.getBaseOffset()));
    }

    private void refused(long sequence, Error error, Endpoint endpoint) {
        var late = awaiting.remove(sequence);
        if (late != null) {
            failStages(late, new LogClientException(error));
            return;
        }
        var refusal = new LogClientException(error);
        if (error.getCode() == ErrorCode.ERROR_CODE_OUT_OF_SEQUENCE) {
            var inLog = error.hasLastSequence() ? error.getLastSequence() : -1;
            if (inLog < lastAcknowledgedSequence) {
                fail(new LogClientException(
                        error,
                        "OUT_OF_SEQUENCE: batches %s to %s were acknowledged and are lost (%s)"
                                .formatted(inLog + 1, lastAcknowledgedSequence, error.getMessage())));
                return;
            }
            // One before it was refused and is to be sent again; so is this one.
            disconnected(refusal, endpoint);
        } else if (refusal.isRetryable()) {
            disconnected(refusal, endpoint);
        } else {
            fail(refusal);
        }
    }

    private void disconnected(LogClientException cause, Endpoint endpoint) {
        if (connection != null) {
            connection.session.leave();
            connection = null;
        }
        leaders.learn(cause, endpoint);
        lastProblem = cause;
        while (!sent.isEmpty()) {
            unsent.addFirst(sent.removeLast());
        }
        var broken = new ArrayList<>(awaiting.values());
        awaiting.clear();
        broken.forEach(batch -> failStages(
                batch,
                new LogClientException(
                        LogClientException.Kind.UNAVAILABLE,
                        "acknowledged, but the connection broke before the later level was told: " + cause.getMessage(),
                        cause)));
        if (cause.kind() == LogClientException.Kind.PROTOCOL || cause.kind() == LogClientException.Kind.CLOSED) {
            fail(cause);
            return;
        }
        if (hasWork() && !connecting && failure == null && !closed) {
            failures++;
            connect(retry.backoffMillis(failures, cause, ThreadLocalRandom.current()));
        }
    }

    /// A message that is too large ends the call of all that share it; only its own appender has to give up.
    private boolean hasSentMoreThan(Error error) {
        return error.hasMostBytes()
                && sent.stream().anyMatch(batch -> batch.message().size() > error.getMostBytes());
    }

    private void failStages(Batch batch, LogClientException cause) {
        source.releaseRecords(batch.recordCount());
        completions.add(() -> batch.fail(cause));
    }

    @Override
    public void checkDelivery() {
        locked(this::checkOldest);
    }

    private void checkOldest() {
        if (sent.isEmpty() && !hasWork()) {
            beLeftAlone();
            return;
        }
        if (connection == null) {
            source.offerOpenBatch(false);
        }
        askWhoLeads();
        var oldest = sent.isEmpty() ? unsent.peek() : sent.peek();
        if (oldest != null
                && failure == null
                && System.nanoTime() - oldest.sealedNanos()
                        > config.deliveryTimeout().toNanos()) {
            var problem = lastProblem == null ? "no answer" : lastProblem.getMessage();
            fail(new LogClientException(
                    LogClientException.Kind.TIMED_OUT,
                    "batch %s was not acknowledged within %s and may or may not be in the log; the last problem: %s"
                            .formatted(oldest.sequence(), config.deliveryTimeout(), problem),
                    lastProblem));
        }
    }

    private void askWhoLeads() {
        var current = connection;
        if (current == null || sent.isEmpty() || asking || System.nanoTime() - movedNanos < doubtNanos) {
            return;
        }
        asking = true;
        doubtNanos = Math.min(LONGEST_DOUBT_NANOS, 2 * doubtNanos);
        movedNanos = System.nanoTime();
        var _ = leaders.isElsewhere(current.endpoint)
                .thenAccept(elsewhere -> locked(() -> {
                    asking = false;
                    if (elsewhere && connection == current && !sent.isEmpty()) {
                        disconnected(
                                new LogClientException(
                                        LogClientException.Kind.UNAVAILABLE,
                                        current.endpoint + " acknowledges nothing, and another replica leads",
                                        null),
                                current.endpoint);
                    }
                }));
    }

    private void fail(LogClientException cause) {
        if (failure == null) {
            failure = cause;
        }
        if (connection != null) {
            connection.session.leave();
            connection = null;
        }
        failAll(cause);
    }

    private void failAll(LogClientException cause) {
        source.offerOpenBatch(true);
        var all = new ArrayList<Batch>(sent);
        all.addAll(unsent);
        sent.clear();
        unsent.clear();
        all.forEach(batch -> {
            source.releaseBytes(batch.message().recordsBytes());
            failStages(batch, cause);
        });
        awaiting.values().forEach(batch -> failStages(batch, cause));
        awaiting.clear();
    }

    private void locked(Runnable action) {
        lock.lock();
        try {
            guarded(action);
        } finally {
            lock.unlock();
        }
        runCompletions();
    }

    private void guarded(Runnable action) {
        try {
            action.run();
        } catch (RuntimeException broken) {
            // On a thread that no-one watches: without this the appender would wait for ever.
            fail(new LogClientException(LogClientException.Kind.PROTOCOL, "the client failed: " + broken, broken));
        }
    }

    private final class Connection implements AppendCall.Listener {
        private final Endpoint endpoint;
        private final AppendCall.Session session;
        private boolean sendsSoon;

        Connection(Endpoint endpoint) {
            this.endpoint = endpoint;
            this.session = calls.join(endpoint, config, appender, lastCall, this);
            lastCall = session.callOrdinal();
        }

        void sendSoon() {
            if (!sendsSoon) {
                sendsSoon = true;
                session.execute(() -> ifCurrent(() -> {
                    sendsSoon = false;
                    AppendPipeline.this.send(this);
                }));
            }
        }

        @Override
        public void ready() {
            ifCurrent(AppendPipeline.this::pump);
        }

        @Override
        public void answered(long sequence, AppendResponse response) {
            ifCurrent(() -> {
                switch (response.getResultCase()) {
                    case ACKNOWLEDGEMENT -> acknowledged(sequence, response.getAcknowledgement());
                    case NOTIFICATION -> notified(sequence, response.getNotification());
                    case ERROR -> refused(sequence, response.getError(), endpoint);
                    case RESULT_NOT_SET ->
                        fail(new LogClientException(
                                LogClientException.Kind.PROTOCOL,
                                endpoint + " answered with nothing; is it a newer service?",
                                null));
                }
            });
        }

        @Override
        public void closed(Status status, Metadata trailers) {
            ifCurrent(() -> {
                connection = null;
                var cause = LogClientException.of(status, trailers, endpoint);
                if (hasSentMoreThan(cause.error())) {
                    fail(cause);
                } else {
                    disconnected(cause, endpoint);
                }
            });
        }

        /// What a connection that was given up still says is of no interest.
        private void ifCurrent(Runnable action) {
            arrived.add(() -> {
                if (connection == this) {
                    action.run();
                }
            });
            runCompletions();
        }
    }
}
