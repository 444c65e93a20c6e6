package io.taffrail.client;

import io.taffrail.proto.log.Acknowledgement;
import io.taffrail.proto.log.AppendStage;
import io.taffrail.proto.log.CommitMode;
import io.taffrail.proto.log.ReplicationMode;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// Records that are appended together. The appender's lock guards all but the futures.
final class Batch {
    private static final long UNSEALED = -1;

    private final long openedNanos;
    private final Set<AppendStage> stagesLeft;
    private final CompletableFuture<Long> accepted = new CompletableFuture<>();
    private final CompletableFuture<Acknowledgement> acknowledged = new CompletableFuture<>();
    private final CompletableFuture<Long> durable = new CompletableFuture<>();
    private final CompletableFuture<Long> replicated = new CompletableFuture<>();
    // Null once acknowledged, when nothing is sent again: who holds a future must not hold the bytes.
    private @Nullable RecordEncoder encoder;
    private @Nullable AppendMessage message;
    private int recordCount;
    private long sequence = UNSEALED;
    private long sealedNanos;

    Batch(int expectedBytes, long nowNanos, Set<AppendStage> stages) {
        this.encoder = new RecordEncoder(expectedBytes);
        this.openedNanos = nowNanos;
        this.stagesLeft = EnumSet.noneOf(AppendStage.class);
        this.stagesLeft.addAll(stages);
    }

    RecordEncoder encoder() {
        if (encoder == null) {
            throw new IllegalStateException("batch " + sequence + " is released");
        }
        return encoder;
    }

    void seal(long sequence, AppendMessage message, long nowNanos) {
        this.sequence = sequence;
        this.message = message;
        this.sealedNanos = nowNanos;
        this.recordCount = encoder().count();
    }

    AppendMessage message() {
        if (message == null) {
            throw new IllegalStateException("batch " + sequence + " is not sealed, or acknowledged");
        }
        return message;
    }

    void release() {
        encoder = null;
        message = null;
    }

    long sequence() {
        return sequence;
    }

    int recordCount() {
        return recordCount;
    }

    long openedNanos() {
        return openedNanos;
    }

    long sealedNanos() {
        return sealedNanos;
    }

    boolean isAcknowledged() {
        return message == null && sequence != UNSEALED;
    }

    /// Levels that were asked for and have not been told of.
    Set<AppendStage> stagesLeft() {
        return stagesLeft;
    }

    CompletableFuture<Long> accepted() {
        return accepted;
    }

    CompletableFuture<Acknowledgement> acknowledged() {
        return acknowledged;
    }

    CompletableFuture<Long> durable() {
        return durable;
    }

    CompletableFuture<Long> replicated() {
        return replicated;
    }

    /// An acknowledgement at a level says that the lower ones are reached.
    static Set<AppendStage> stagesReached(Acknowledgement ack) {
        var reached = EnumSet.of(AppendStage.APPEND_STAGE_ACCEPTED);
        if (ack.getCommitMode() == CommitMode.COMMIT_MODE_SYNC) {
            reached.add(AppendStage.APPEND_STAGE_DURABLE);
            if (ack.getReplicationMode() == ReplicationMode.REPLICATION_MODE_QUORUM
                    || ack.getReplicationMode() == ReplicationMode.REPLICATION_MODE_ALL) {
                reached.add(AppendStage.APPEND_STAGE_REPLICATED);
            }
        }
        return reached;
    }

    /// Not under the lock: runs what callers attached.
    void complete(AppendStage stage, long baseOffset) {
        switch (stage) {
            case APPEND_STAGE_ACCEPTED -> accepted.complete(baseOffset);
            case APPEND_STAGE_DURABLE -> durable.complete(baseOffset);
            case APPEND_STAGE_REPLICATED -> replicated.complete(baseOffset);
            case APPEND_STAGE_UNSPECIFIED, UNRECOGNIZED -> {}
        }
    }

    /// Not under the lock. No-one will tell of the levels that are neither reached nor asked for.
    void complete(Acknowledgement ack, Set<AppendStage> stillToCome) {
        stagesReached(ack).forEach(stage -> complete(stage, ack.getBaseOffset()));
        acknowledged.complete(ack);
        if (!stillToCome.contains(AppendStage.APPEND_STAGE_DURABLE) && !durable.isDone()) {
            durable.completeExceptionally(notAskedFor("DURABLE"));
        }
        if (!stillToCome.contains(AppendStage.APPEND_STAGE_REPLICATED) && !replicated.isDone()) {
            replicated.completeExceptionally(notAskedFor("REPLICATED"));
        }
    }

    /// Not under the lock.
    void fail(LogClientException cause) {
        accepted.completeExceptionally(cause);
        acknowledged.completeExceptionally(cause);
        durable.completeExceptionally(cause);
        replicated.completeExceptionally(cause);
    }

    private static IllegalStateException notAskedFor(String stage) {
        return new NotAskedFor("the appender was not told to notify " + stage);
    }

    /// One for each batch of an appender that asks for less: its stack, which says nothing, would cost more than all
    /// else that is done for the batch.
    private static final class NotAskedFor extends IllegalStateException {
        private static final long serialVersionUID = 1;

        NotAskedFor(String message) {
            super(message);
        }

        @Override
        @SuppressWarnings("UnsynchronizedOverridesSynchronized")
        public Throwable fillInStackTrace() {
            return this;
        }
    }
}
