package io.taffrail.client;

import com.google.protobuf.ByteString;
import io.taffrail.proto.log.AppendRequest;
import io.taffrail.proto.log.Error;
import io.taffrail.proto.log.ErrorCode;
import io.taffrail.proto.log.Producer;
import io.taffrail.proto.log.Record;
import io.taffrail.proto.log.RegisterProducerResponse;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Appends records to one stream in the order of the calls, in batches, each once: whatever breaks in between, a
/// batch is sent again under the same sequence until the service says that it has it or refuses it.
///
/// A definite refusal, or a batch that cannot be delivered in time, ends the appender: what came after it is not
/// appended either, or the order would break. Any thread may call; calls from several are put in some order.
public final class Appender implements AutoCloseable {
    private final String stream;
    private final AppenderConfig config;
    private final RegisterProducerResponse producer;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition room = lock.newCondition();
    private final AppendPipeline pipeline;
    private final long number;
    private final ScheduledExecutorService timer;
    private final Consumer<AutoCloseable> whenClosed;
    private @Nullable Batch open;
    private long nextSequence;
    private long inFlightBytes;
    private long inFlightRecords;
    private boolean closed;

    Appender(
            String stream,
            AppenderConfig config,
            RegisterProducerResponse producer,
            AppendCalls calls,
            LeaderCache leaders,
            RetryPolicy retry,
            ScheduledExecutorService timer,
            DeliveryWatch watch,
            Consumer<AutoCloseable> whenClosed) {
        this.stream = stream;
        this.config = config;
        this.producer = producer;
        this.timer = timer;
        this.whenClosed = whenClosed;
        this.number = calls.nextAppender();
        this.pipeline = new AppendPipeline(
                lock, config, calls, number, leaders, retry, timer, watch, new OpenBatchAndAdmission());
    }

    public String stream() {
        return stream;
    }

    /// Records that this producer had in the stream before this appender: what it appended under the same name before
    /// it was interrupted, and so how many of its source's records to skip.
    public long recordsBefore() {
        return producer.getAppendedRecords();
    }

    /// Records of this appender that are acknowledged.
    public long acknowledgedRecords() {
        return locked(pipeline::acknowledgedRecords);
    }

    public PendingAppend append(byte[] value) {
        return append(value, 0, value.length);
    }

    /// A record with this value and nothing else. The bytes are copied.
    ///
    /// Waits while too much is in flight, or throws BUFFER_FULL. Throws TOO_LARGE for a record that no request may
    /// carry; the next one can be appended all the same.
    public PendingAppend append(byte[] value, int offset, int length) {
        // Before anything is encoded: half a record would spoil the batch of those before it.
        Objects.checkFromIndexSize(offset, length, value.length);
        lock.lock();
        try {
            var batch = batchFor(RecordEncoder.encodedSize(length));
            var sizeBefore = batch.encoder().size();
            batch.encoder().add(value, offset, length);
            return added(batch, sizeBefore);
        } finally {
            lock.unlock();
            pipeline.runCompletions();
        }
    }

    public PendingAppend append(Record record) {
        lock.lock();
        try {
            var batch = batchFor(RecordEncoder.encodedSize(record));
            var sizeBefore = batch.encoder().size();
            batch.encoder().add(record);
            return added(batch, sizeBefore);
        } finally {
            lock.unlock();
            pipeline.runCompletions();
        }
    }

    public PendingAppend append(String key, byte[] value) {
        return append(Record.newBuilder()
                .setKey(ByteString.copyFromUtf8(key))
                .setValue(ByteString.copyFrom(value))
                .build());
    }

    /// Sends what waits for company. Completes once everything appended before is acknowledged.
    public CompletableFuture<Void> flush() {
        return locked(() -> {
            sealOpen();
            pipeline.pump();
            return pipeline.newestAcknowledged();
        });
    }

    /// Throws what the appends failed with, or TIMED_OUT.
    public void flush(Duration timeout) {
        try {
            flush().get(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException late) {
            throw new LogClientException(
                    LogClientException.Kind.TIMED_OUT, "not all appends were acknowledged within " + timeout, late);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new LogClientException(LogClientException.Kind.CLOSED, "interrupted while flushing", interrupted);
        } catch (ExecutionException failed) {
            throw failed.getCause() instanceof LogClientException cause
                    ? cause.again()
                    : new LogClientException(LogClientException.Kind.PROTOCOL, "flush failed", failed);
        }
    }

    /// Flushes, waiting at most the delivery timeout, and throws if something could not be appended.
    @Override
    public void close() {
        if (locked(() -> closed)) {
            return;
        }
        try {
            flush(config.deliveryTimeout().plusSeconds(2));
        } finally {
            locked(() -> {
                closed = true;
                pipeline.close();
                return closed;
            });
            whenClosed.accept(this);
        }
    }

    /// Where `recordBytes` more fit.
    private Batch batchFor(int recordBytes) {
        if (recordBytes > config.maxRequestBytes()) {
            throw tooLarge(recordBytes);
        }
        awaitRoom(recordBytes);
        if (open != null && open.encoder().size() + (long) recordBytes > config.maxBatchBytes()) {
            sealOpen();
        }
        if (open == null) {
            var expectedBytes = config.linger().isZero() ? recordBytes : config.maxBatchBytes();
            open = new Batch(Math.min(expectedBytes, config.maxBatchBytes()), System.nanoTime(), config.laterStages());
            if (!config.linger().isZero()) {
                var _ = timer.schedule(this::lingered, config.linger().toNanos(), TimeUnit.NANOSECONDS);
            }
        }
        return open;
    }

    private PendingAppend added(Batch batch, int sizeBefore) {
        inFlightBytes += batch.encoder().size() - sizeBefore;
        inFlightRecords++;
        var pending = new PendingAppend(batch, batch.encoder().count() - 1);
        if (batch.encoder().size() >= config.maxBatchBytes() || batch.encoder().count() >= config.maxBatchRecords()) {
            sealOpen();
            pipeline.pump();
        } else if (config.linger().isZero()) {
            pipeline.pump();
        }
        return pending;
    }

    private void awaitRoom(int recordBytes) {
        requireUsable();
        if (hasRoom(recordBytes)) {
            return;
        }
        if (config.whenFull() == AppenderConfig.WhenFull.REJECT) {
            throw full("append later, or let it wait");
        }
        // What waits for company would otherwise wait for the very room that it takes.
        sealOpen();
        pipeline.pump();
        var deadlineNanos = System.nanoTime() + config.maxBlock().toNanos();
        pipeline.beginWait();
        try {
            takeWhatWasLeft();
            requireUsable();
            while (!hasRoom(recordBytes)) {
                var leftNanos = deadlineNanos - System.nanoTime();
                if (leftNanos <= 0) {
                    throw full("the service took none of it for " + config.maxBlock());
                }
                var _ = room.awaitNanos(leftNanos);
                requireUsable();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new LogClientException(
                    LogClientException.Kind.CLOSED, "interrupted while waiting to append", interrupted);
        } finally {
            pipeline.endWait();
        }
    }

    /// What came while this thread had the lock, and was left to it: waiting for room releases the lock without a look.
    private void takeWhatWasLeft() {
        lock.unlock();
        try {
            pipeline.runCompletions();
        } finally {
            lock.lock();
        }
    }

    /// With nothing in flight, everything has room.
    private boolean hasRoom(int recordBytes) {
        return inFlightBytes == 0
                || (inFlightBytes + recordBytes <= config.maxInFlightBytes()
                        && inFlightRecords < config.maxInFlightRecords());
    }

    private void requireUsable() {
        var failure = pipeline.failure();
        if (failure != null) {
            throw failure.again();
        }
        if (closed) {
            throw new LogClientException(LogClientException.Kind.CLOSED, "the appender was closed", null);
        }
    }

    private LogClientException tooLarge(int recordBytes) {
        return new LogClientException(Error.newBuilder()
                .setCode(ErrorCode.ERROR_CODE_TOO_LARGE)
                .setMessage("the record has %s bytes encoded: allowed are %s, the client's maxRequestBytes"
                        .formatted(recordBytes, config.maxRequestBytes()))
                .build());
    }

    private LogClientException full(String advice) {
        return new LogClientException(
                LogClientException.Kind.BUFFER_FULL,
                "%s bytes in %s records are in flight, %s and %s are allowed: %s"
                        .formatted(
                                inFlightBytes,
                                inFlightRecords,
                                config.maxInFlightBytes(),
                                config.maxInFlightRecords(),
                                advice),
                null);
    }

    private void lingered() {
        locked(() -> {
            pipeline.pump();
            return closed;
        });
    }

    private void sealOpen() {
        var batch = open;
        if (batch == null) {
            return;
        }
        open = null;
        var sequence = nextSequence++;
        var head = AppendRequest.newBuilder()
                .setRequestId(AppendCall.requestId(number, sequence))
                .setStream(stream)
                .setCommitMode(config.commitMode())
                .setReplicationMode(config.replicationMode())
                .setProducer(Producer.newBuilder()
                        .setId(producer.getProducerId())
                        .setEpoch(producer.getEpoch())
                        .setSequence(sequence))
                .setRecordsCrc32C(batch.encoder().crc32c())
                .addAllNotify(config.laterStages());
        if (config.fencingToken() != null) {
            head.setFencingToken(config.fencingToken());
        }
        var message = new AppendMessage(
                head.build().toByteArray(),
                batch.encoder().bytes(),
                batch.encoder().size());
        batch.seal(sequence, message, System.nanoTime());
        pipeline.add(batch);
    }

    private <T> T locked(Supplier<T> action) {
        lock.lock();
        try {
            return action.get();
        } finally {
            lock.unlock();
            pipeline.runCompletions();
        }
    }

    private final class OpenBatchAndAdmission implements AppendPipeline.Source {
        @Override
        public boolean hasOpenBatch() {
            return open != null;
        }

        @Override
        public void offerOpenBatch(boolean evenIfItMayLinger) {
            var batch = open;
            if (batch == null) {
                return;
            }
            var age = System.nanoTime() - batch.openedNanos();
            if (evenIfItMayLinger || age >= config.linger().toNanos()) {
                sealOpen();
            }
        }

        @Override
        public void releaseBytes(long count) {
            inFlightBytes -= count;
            room.signalAll();
        }

        @Override
        public void releaseRecords(long count) {
            inFlightRecords -= count;
            room.signalAll();
        }
    }
}
