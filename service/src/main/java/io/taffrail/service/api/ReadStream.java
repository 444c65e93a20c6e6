package io.taffrail.service.api;

import io.grpc.Status;
import io.taffrail.proto.log.Error;
import io.taffrail.proto.log.ReadRequest;
import io.taffrail.replication.CommandOutcome;
import io.taffrail.replication.EpochMap;
import io.taffrail.replication.Replica;
import io.taffrail.service.rpc.AnswerBudget;
import io.taffrail.service.rpc.FrameBuffer;
import io.taffrail.service.rpc.OneRequest;
import io.taffrail.service.rpc.RpcCall;
import io.taffrail.service.rpc.RpcListener;
import io.taffrail.service.rpc.RpcStatus;
import io.taffrail.streams.BatchLocation;
import io.taffrail.streams.CorruptStateException;
import io.taffrail.streams.RecordsPayload;
import io.taffrail.streams.Refusal;
import io.taffrail.streams.StreamView;
import io.taffrail.wal.WalException;
import io.taffrail.wal.record.EntryHeader;
import io.taffrail.wal.record.EntryType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// One reader. At most one step of it runs at a time: it fills one response and hands it to the event loop, and the
/// next step begins when the client has room for more. So a reader holds one response, whatever its client does; and it
/// waits before it makes one while those of all readers hold what [AnswerBudget] allows.
///
/// A step runs on a read thread, where it may wait for the disk. At the tail, where there is a little to send and it is
/// in memory, the call's event loop does it at once, which spares the wake-ups of a read thread and of itself.
final class ReadStream implements RpcListener, FollowWakeups.Waiting {
    private static final Logger LOG = Logger.getLogger(ReadStream.class);
    /// Batches that are looked up for one response.
    private static final int LOCATED_BATCHES = 256;
    /// Foreign bytes between two batches that are read along rather than read around.
    private static final int LARGEST_GAP_BYTES = 64 << 10;

    /// What an event loop copies in one step; its other calls wait meanwhile.
    private static final int LARGEST_TAIL_STEP_BYTES = 64 << 10;

    private static final int LONGEST_WAIT_MILLIS = 10_000;
    /// How often a replica that is behind looks whether it has caught up with a reader that waits.
    private static final int LOOK_AGAIN_MILLIS = 10;
    private static final byte[] NO_HISTORY = new byte[0];

    private final ReadDesk desk;
    private final RpcCall call;
    private final OneRequest<ReadRequest> one;
    private boolean counted;
    private String streamName = "";

    /// The step's; [#closed] looks whether there may be a follower.
    private volatile @Nullable ReadStart start;

    /// The step's; [#closed] looks whether there is one to cancel.
    private volatile AnswerBudget.@Nullable Waiting waitingForMemory;

    // What follows belongs to the one step that runs, which passes it on.
    private long streamId;
    private long position;
    private long recordsLeft = Long.MAX_VALUE;
    private int responseBytes;
    private List<BatchLocation> located = List.of();
    private long lastEpoch;
    private long lastLsn;
    private byte[] historyId = NO_HISTORY;
    /// Was compared with it, and is the same: [#ready] asks often.
    private @Nullable UUID sameHistory;
    /// Taken of [AnswerBudget] for the response that is made.
    private @Nullable Memory memory;

    // Event loop.
    private boolean stepWaitsForRoom;
    private boolean atTail;

    /// What a response may take.
    private record Memory(int recordBytes, int batches) {
        /// A record that is larger than a response comes alone, and is no larger than its batch.
        static Memory of(List<BatchLocation> batches, int responseBytes) {
            var all = 0L;
            for (var batch : batches) {
                all += batch.lengthBytes();
            }
            return new Memory(
                    Math.max(
                            (int) Math.min(responseBytes, all),
                            batches.getFirst().lengthBytes()),
                    batches.size());
        }

        int bytes() {
            return ReadResponseBuilder.memoryBytes(recordBytes, batches);
        }
    }

    ReadStream(ReadDesk desk, RpcCall call) {
        this.desk = desk;
        this.call = call;
        this.one = new OneRequest<>(call, ReadRequest.parser());
    }

    @Override
    public void message(byte[] array, int offset, int length) {
        var request = one.take(array, offset, length);
        if (request == null) {
            return;
        }
        if (desk.metrics().readerOpened() > desk.maxReaders()) {
            desk.metrics().readerClosed();
            call.end(RpcStatus.of(
                    Status.Code.RESOURCE_EXHAUSTED,
                    desk.maxReaders() + " reads are open, taffrail.limits.readers allows no more: retry later"));
            return;
        }
        counted = true;
        streamName = request.getStream();
        if (Integer.toUnsignedLong(request.getMaxWaitMillis()) > LONGEST_WAIT_MILLIS) {
            end(GrpcStatusMapping.invalid("max_wait_millis is " + Integer.toUnsignedString(request.getMaxWaitMillis())
                    + ": allowed is 0 to " + LONGEST_WAIT_MILLIS));
            return;
        }
        if (request.getLinearizable()) {
            beginAsLeader(request);
        } else {
            desk.threads().execute(() -> guarded(() -> begin(request, request.getMaxWaitMillis())));
        }
    }

    /// Only a replica that is sure to lead knows what has been acknowledged.
    private void beginAsLeader(ReadRequest request) {
        var replica = desk.host().replica();
        if (replica == null) {
            end(GrpcStatusMapping.recovering(desk.host().recoveryPercent()));
            return;
        }
        replica.readIndex(outcome -> {
            switch (outcome) {
                case CommandOutcome.Done _ ->
                    desk.threads().execute(() -> guarded(() -> begin(request, request.getMaxWaitMillis())));
                case CommandOutcome.Refused refused ->
                    end(GrpcStatusMapping.status(refused.refusal(), desk.host().status()));
                case CommandOutcome.Indeterminate unknown -> end(GrpcStatusMapping.shuttingDown());
            }
        });
    }

    private void begin(ReadRequest request, int waitMillis) {
        var replica = desk.host().replica();
        if (replica == null) {
            end(GrpcStatusMapping.recovering(desk.host().recoveryPercent()));
            return;
        }
        switch (ReadStart.resolve(replica, desk.chunks(), request, desk.responseBytes())) {
            case ReadStart.Behind behind -> {
                if (waitMillis <= 0) {
                    end(GrpcStatusMapping.status(behind.refusal(), desk.host().status()));
                    return;
                }
                var _ = call.eventLoop()
                        .schedule(
                                () -> {
                                    if (!call.closed()) {
                                        desk.threads()
                                                .execute(() ->
                                                        guarded(() -> begin(request, waitMillis - LOOK_AGAIN_MILLIS)));
                                    }
                                },
                                LOOK_AGAIN_MILLIS,
                                TimeUnit.MILLISECONDS);
            }
            case ReadStart.Refused refused ->
                end(GrpcStatusMapping.status(refused.refusal(), desk.host().status()));
            case ReadStart.At at -> {
                start = at;
                streamId = at.streamId();
                position = at.offset();
                recordsLeft = at.maxRecords() == 0 ? Long.MAX_VALUE : at.maxRecords();
                responseBytes = at.responseBytes();
                historyId = at.historyId();
                step(false);
            }
        }
    }

    private ReadStart.At start() {
        if (start instanceof ReadStart.At at) {
            return at;
        }
        throw new IllegalStateException("a read goes on that has not begun");
    }

    /// @param atTail on the event loop, which waits for no file
    private void step(boolean atTail) {
        var replica = desk.host().replica();
        if (replica == null) {
            end(GrpcStatusMapping.shuttingDown());
            return;
        }
        var at = start();
        var discarded = discarded(replica);
        if (discarded != null) {
            end(GrpcStatusMapping.status(discarded, null));
            return;
        }
        var stream = replica.streams().stream(at.stream());
        if (stream == null || stream.streamId() != streamId) {
            end(GrpcStatusMapping.status(
                    Refusal.of(Refusal.Code.STREAM_NOT_FOUND, "stream \"" + at.stream() + "\" was deleted"), null));
            return;
        }
        if (position < stream.startOffset()) {
            end(GrpcStatusMapping.status(ReadStart.outOfRange(stream, position), null));
            return;
        }
        if (at.isolation() == ReadDesk.Isolation.BUFFERED && !ReadDesk.leads(replica.status())) {
            end(GrpcStatusMapping.status(
                    ReadStart.bufferedNeedsLeader(), desk.host().status()));
            return;
        }
        var visibleLsn = ReadDesk.visibleLsn(replica, at.isolation());
        var visible = visibleBatches(locate(replica, at), visibleLsn);
        if (visible.isEmpty()) {
            caughtUp(at);
            return;
        }
        if (atTail && visible.getLast().endLsn() - visible.getFirst().lsn() > LARGEST_TAIL_STEP_BYTES) {
            stepOnReadThread();
            return;
        }
        var taken = memory;
        if (taken == null) {
            taken = Memory.of(visible, responseBytes);
            if (!call.answers().take(taken.bytes())) {
                awaitMemory(taken, atTail);
                return;
            }
            memory = taken;
        }
        // There may be more than when it waited for memory.
        var batches = visible.subList(0, Math.min(visible.size(), taken.batches()));
        var response = new ReadResponseBuilder(
                Math.min(responseBytes, taken.recordBytes()), recordsLeft, taken.recordBytes(), batches.size());
        var chunks = desk.chunks().lease(replica, batches.getFirst().lsn());
        boolean filled;
        try {
            filled = fill(response, chunks, batches, atTail);
        } finally {
            desk.chunks().giveBack(chunks);
        }
        if (!filled) {
            stepOnReadThread();
            return;
        }
        if (response.records() == 0) {
            throw new IllegalStateException(
                    "stream " + streamId + " offset " + position + " is indexed and was not found in the log");
        }
        recordsLeft -= response.records();
        desk.metrics().read(response.records(), response.recordBytes());
        var nextOffset = Math.max(position, StreamTail.nextOffset(replica.streams(), stream, position, visibleLsn));
        send(response.finish(nextOffset, historyId, lastEpoch, lastLsn), atTail);
    }

    /// The step begins anew once there is some: what it found until now may not be there any more.
    private void awaitMemory(Memory wanted, boolean atTail) {
        var waiting = call.answers().whenRoom(wanted.bytes(), () -> {
            if (call.closed()) {
                call.answers().release(wanted.bytes());
                return;
            }
            (atTail ? call.eventLoop() : desk.threads())
                    .execute(() -> guarded(() -> {
                        memory = wanted;
                        step(atTail);
                    }));
        });
        waitingForMemory = waiting;
        // Order: wait, then look whether the call is over. Whoever ends it says so first, and then cancels.
        if (call.closed()) {
            call.answers().cancel(waiting);
        }
    }

    private void giveMemoryBack() {
        if (memory != null) {
            call.answers().release(memory.bytes());
            memory = null;
        }
    }

    /// Large batches are served a few at a time, and finding them again for each response would cost as much as reading
    /// them. What is not durable on a majority may yet be cut off and stand elsewhere, so that is looked up anew.
    private List<BatchLocation> locate(Replica replica, ReadStart.At at) {
        if (at.isolation() == ReadDesk.Isolation.DURABLE) {
            for (var i = 0; i < located.size(); i++) {
                if (position < located.get(i).endOffset()) {
                    return located.subList(i, located.size());
                }
            }
        }
        // Each batch has a record at least.
        var limit = (int) Math.min(LOCATED_BATCHES, recordsLeft);
        try {
            located = replica.streams().locate(streamId, position, limit);
        } catch (CorruptStateException ahead) {
            // What stands before the damage is sound, and is read first.
            located = replica.streams().locate(streamId, position, 1);
        }
        return located;
    }

    /// What this very call has sent is not in the log any more: going on would show other records at the same offsets
    /// (I31).
    private @Nullable Refusal discarded(Replica replica) {
        var history = replica.status().historyId();
        if (history == null || !history.equals(sameHistory)) {
            if (!Arrays.equals(Uuids.bytes(history), historyId)) {
                return Refusal.of(
                        Refusal.Code.LOG_TRUNCATED,
                        "a forced recovery began history " + history + " while this was read");
            }
            sameHistory = history;
        }
        if (lastEpoch == 0 || lastLsn < replica.status().startLsn()) {
            return null;
        }
        return replica.epochs()
                                .relation(
                                        lastEpoch, lastLsn, replica.watermarks().leaderReceived())
                        instanceof EpochMap.Relation.Diverged diverged
                ? ReadStart.truncated(lastEpoch, lastLsn, diverged)
                : null;
    }

    private static List<BatchLocation> visibleBatches(List<BatchLocation> located, long visibleLsn) {
        var visible = new ArrayList<BatchLocation>(located.size());
        for (var batch : located) {
            if (batch.endLsn() > visibleLsn) {
                break;
            }
            visible.add(batch);
        }
        return visible;
    }

    /// False: `cachedOnly`, and the first batch is not in memory; nothing has been added.
    private boolean fill(
            ReadResponseBuilder response, LogChunks chunks, List<BatchLocation> batches, boolean cachedOnly) {
        for (var first = 0; first < batches.size() && !response.full(); ) {
            if (response.records() > 0 && batches.get(first).lengthBytes() > response.roomBytes()) {
                // For what does not fit of it, it would be read once more.
                return true;
            }
            var last = runEnd(batches, first, response.roomBytes());
            var startLsn = batches.get(first).lsn();
            ByteBuffer bytes;
            try {
                bytes = chunks.read(
                        startLsn, batches.get(last).endLsn(), batches.get(first).lengthBytes(), cachedOnly);
            } catch (WalException.BadEntry | WalException.Unusable damaged) {
                if (response.records() > 0) {
                    // What was read before it is sound; the next response is a refusal.
                    return true;
                }
                throw damaged;
            }
            if (bytes == null) {
                return response.records() > 0;
            }
            if (!addEntries(response, bytes.array(), bytes.arrayOffset() + bytes.limit())) {
                return true;
            }
            // What did not fit into the buffer is read next.
            var readUpTo = startLsn + bytes.limit();
            while (first < batches.size() && batches.get(first).endLsn() <= readUpTo) {
                first++;
            }
            if (bytes.limit() == 0) {
                throw new IllegalStateException("the log has no entry at lsn " + startLsn + " below its visible end");
            }
        }
        return true;
    }

    /// The last batch that is worth reading in one piece with `first`.
    private static int runEnd(List<BatchLocation> batches, int first, int mostBytes) {
        var end = first;
        while (end + 1 < batches.size()
                && batches.get(end + 1).lsn() - batches.get(end).endLsn() <= LARGEST_GAP_BYTES
                && batches.get(end + 1).endLsn() - batches.get(first).lsn() <= mostBytes) {
            end++;
        }
        return end;
    }

    /// False: the response is full.
    private boolean addEntries(ReadResponseBuilder response, byte[] bytes, int length) {
        var entries = ByteBuffer.wrap(bytes, 0, length).order(ByteOrder.LITTLE_ENDIAN);
        for (var at = 0; at < length; ) {
            var header = EntryHeader.read(entries, at);
            var payload = at + EntryHeader.SIZE_BYTES;
            at += header.lengthBytes();
            if (header.type() != EntryType.RECORDS || entries.getLong(payload) != streamId) {
                continue;
            }
            var baseOffset = entries.getLong(payload + 8);
            var count = entries.getInt(payload + 44);
            if (position < baseOffset || position >= baseOffset + count) {
                continue;
            }
            if (response.full()) {
                return false;
            }
            var added = response.add(
                    bytes,
                    payload + RecordsPayload.PREFIX_BYTES,
                    at,
                    baseOffset,
                    count,
                    position,
                    entries.getLong(payload + 16),
                    header.epoch());
            if (added == 0) {
                return false;
            }
            position += added;
            lastEpoch = header.epoch();
            lastLsn = header.lsn();
            if (position < baseOffset + count) {
                return false;
            }
        }
        return true;
    }

    private void caughtUp(ReadStart.At at) {
        located = List.of();
        giveMemoryBack();
        if (at.follow()) {
            desk.wakeups().park(this);
            // Order: park, then look whether the call is over. Whoever ends it says so first, and then unparks.
            if (call.closed()) {
                desk.wakeups().unpark(this);
            }
        } else {
            end(RpcStatus.OK);
        }
    }

    private void send(FrameBuffer response, boolean wasAtTail) {
        var complete = recordsLeft == 0;
        var takenBytes = memory == null ? 0 : memory.bytes();
        memory = null;
        call.eventLoop().execute(() -> {
            atTail = wasAtTail;
            if (complete) {
                call.end(response, takenBytes);
                return;
            }
            call.write(response, takenBytes);
            if (call.closed()) {
                return;
            }
            if (call.writable()) {
                nextStep();
            } else {
                stepWaitsForRoom = true;
            }
        });
    }

    /// Event loop.
    private void nextStep() {
        if (atTail) {
            guarded(() -> step(true));
        } else {
            stepOnReadThread();
        }
    }

    private void stepOnReadThread() {
        giveMemoryBack();
        desk.threads().execute(() -> guarded(() -> step(false)));
    }

    void guarded(Runnable step) {
        try {
            step.run();
        } catch (WalException.BadEntry | WalException.Unusable | CorruptStateException damage) {
            // What the disk does not read is as good as damaged: another replica may have it.
            damaged(damage);
        } catch (WalException.OutOfRange trimmed) {
            rangeLeft();
        } catch (RuntimeException | OutOfMemoryError broken) {
            // Of the memory outside the heap, which a JVM does not end for; a full heap ends it before this.
            LOG.errorf(broken, "read of stream %s at offset %s failed", streamId, position);
            end(RpcStatus.of(Status.Code.INTERNAL, "the server failed to read; its log says why"));
        }
    }

    /// Never zeros, and never what follows as if nothing were missing.
    private void damaged(RuntimeException cause) {
        LOG.errorf("read of stream %s at offset %s: %s", streamName, position, cause.getMessage());
        var replica = desk.host().replica();
        if (replica == null) {
            end(GrpcStatusMapping.shuttingDown());
            return;
        }
        var detail = String.valueOf(cause.getMessage());
        var stream = start == null ? null : replica.streams().stream(streamName);
        Error error;
        if (cause instanceof CorruptStateException) {
            error = DamagedRange.ofIndex(replica, streamName, detail);
        } else if (stream == null) {
            error = DamagedRange.ofBeginning(replica, streamName, detail);
        } else {
            error = DamagedRange.describe(replica, stream, position);
        }
        end(GrpcStatusMapping.status(error));
    }

    /// The log was trimmed, or cut by an election, between the look-up and the read.
    private void rangeLeft() {
        var replica = desk.host().replica();
        StreamView stream = replica == null || start == null ? null : replica.streams().stream(start().stream());
        if (stream == null) {
            end(GrpcStatusMapping.shuttingDown());
        } else {
            end(GrpcStatusMapping.status(ReadStart.outOfRange(stream, position), null));
        }
    }

    private void end(RpcStatus status) {
        giveMemoryBack();
        call.eventLoop().execute(() -> call.end(status));
    }

    @Override
    public String stream() {
        return start().stream();
    }

    @Override
    public boolean ready() {
        var replica = desk.host().replica();
        if (replica == null) {
            return true;
        }
        if (discarded(replica) != null) {
            return true;
        }
        var at = start();
        var stream = replica.streams().stream(at.stream());
        if (stream == null || stream.streamId() != streamId || position < stream.startOffset()) {
            return true;
        }
        return position < stream.nextOffset()
                && StreamTail.visible(
                        replica.streams(), stream, position, ReadDesk.visibleLsn(replica, at.isolation()));
    }

    @Override
    public void wake() {
        call.eventLoop().execute(() -> guarded(() -> step(true)));
    }

    @Override
    public void writable() {
        if (stepWaitsForRoom) {
            stepWaitsForRoom = false;
            nextStep();
        }
    }

    @Override
    public void halfClosed() {
        one.halfClosed();
    }

    @Override
    public void closed() {
        if (counted) {
            desk.metrics().readerClosed();
        }
        if (start != null) {
            desk.wakeups().unpark(this);
        }
        var waiting = waitingForMemory;
        if (waiting != null) {
            call.answers().cancel(waiting);
        }
    }

    @Override
    public void deadlineExceeded() {
        call.end(RpcStatus.of(Status.Code.DEADLINE_EXCEEDED, "the deadline is over"));
    }
}
