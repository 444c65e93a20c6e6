package io.taffrail.client;

import java.util.concurrent.CompletableFuture;

/// One record on its way; a future for each level. An appender's complete one after another, on a thread of the client
/// or on one that calls the appender: do not block there.
///
/// Each fails with a [LogClientException] if the level will not be known: a level after the acknowledgement does so
/// when the connection breaks in between, although the record may well reach it. That of a level which the appender
/// was not told to notify, nor appends at, fails with [IllegalStateException].
public final class PendingAppend {
    private final Batch batch;
    private final int index;

    PendingAppend(Batch batch, int index) {
        this.batch = batch;
        this.index = index;
    }

    /// In the leader's queue, with its offset. No earlier than the acknowledgement unless the appender was told to
    /// notify.
    public CompletableFuture<Long> accepted() {
        return batch.accepted().thenApply(baseOffset -> baseOffset + index);
    }

    /// As safe as the appender's modes say.
    public CompletableFuture<AppendReceipt> acknowledged() {
        return batch.acknowledged().thenApply(ack -> new AppendReceipt(ack.getBaseOffset() + index, ack));
    }

    /// Flushed on the leader's disk. The appender must have been told to notify, or to append SYNC.
    public CompletableFuture<Long> durable() {
        return batch.durable().thenApply(baseOffset -> baseOffset + index);
    }

    /// Flushed on a majority. The appender must have been told to notify, or to append SYNC and QUORUM or ALL.
    public CompletableFuture<Long> replicated() {
        return batch.replicated().thenApply(baseOffset -> baseOffset + index);
    }
}
