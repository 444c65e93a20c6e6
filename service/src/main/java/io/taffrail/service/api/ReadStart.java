package io.taffrail.service.api;

import io.taffrail.proto.log.Isolation;
import io.taffrail.proto.log.ReadPosition;
import io.taffrail.proto.log.ReadRequest;
import io.taffrail.replication.EpochMap;
import io.taffrail.replication.Replica;
import io.taffrail.replication.ReplicaStatus;
import io.taffrail.streams.Refusal;
import io.taffrail.streams.StreamView;
import io.taffrail.wal.WalException;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// Where a `ReadRequest` begins, or why it does not.
sealed interface ReadStart {
    /// @param maxRecords 0: no limit
    record At(
            String stream,
            long streamId,
            long offset,
            boolean follow,
            long maxRecords,
            ReadDesk.Isolation isolation,
            int responseBytes,
            HistoryId history)
            implements ReadStart {
        byte[] historyId() {
            return history.bytes();
        }
    }

    record Refused(Refusal refusal) implements ReadStart {}

    /// This replica's log does not reach to where the reader has been, yet.
    record Behind(Refusal refusal) implements ReadStart {}

    /// As it goes into every response.
    final class HistoryId {
        private final byte[] bytes;

        HistoryId(byte[] bytes) {
            this.bytes = bytes;
        }

        byte[] bytes() {
            return bytes;
        }
    }

    /// A response that is smaller than this costs more than it carries.
    int LEAST_RESPONSE_BYTES = 1 << 10;

    /// May read an index file.
    static ReadStart resolve(Replica replica, LogChunks.Pool pool, ReadRequest request, int defaultResponseBytes) {
        var isolation = isolation(request.getIsolationValue());
        if (isolation == null) {
            return invalid("isolation is " + request.getIsolationValue()
                    + ": allowed are 0 (the default), 1 (DURABLE), 2 (REPLICATED), 3 (BUFFERED)");
        }
        var status = replica.status();
        if (isolation == ReadDesk.Isolation.BUFFERED && !ReadDesk.leads(status)) {
            return new Refused(bufferedNeedsLeader());
        }
        if (status.integrity() == ReplicaStatus.Integrity.EVICTED) {
            return new Refused(Refusal.of(Refusal.Code.STORAGE_FAILED, "this replica is " + status.detail()));
        }
        var stream = replica.streams().stream(request.getStream());
        if (stream == null) {
            return new Refused(
                    Refusal.of(Refusal.Code.STREAM_NOT_FOUND, "stream \"" + request.getStream() + "\" does not exist"));
        }
        if (request.hasAfter()) {
            var contradiction = contradiction(replica, pool, request.getAfter());
            if (contradiction != null) {
                return contradiction;
            }
        }
        if (request.getMaxRecords() < 0) {
            return invalid("max_records is " + Long.toUnsignedString(request.getMaxRecords()) + ": allowed is 0 to "
                    + Long.MAX_VALUE);
        }
        var visibleLsn = ReadDesk.visibleLsn(replica, isolation);
        long offset;
        switch (request.getFromCase()) {
            case OFFSET -> offset = request.getOffset();
            case TIMESTAMP_MILLIS -> {
                var found = replica.streams().offsetAt(stream.streamId(), request.getTimestampMillis());
                offset = found.orElse(stream.nextOffset());
            }
            case EDGE -> {
                switch (request.getEdgeValue()) {
                    case 1 -> offset = stream.startOffset();
                    case 2 ->
                        offset = StreamTail.nextOffset(replica.streams(), stream, stream.startOffset(), visibleLsn);
                    default -> {
                        return invalid("edge is " + request.getEdgeValue() + ": allowed are 1 (EARLIEST), 2 (LATEST)");
                    }
                }
            }
            case CURSOR -> {
                var cursor = replica.streams().cursor(request.getStream(), request.getCursor());
                if (cursor == null) {
                    return new Refused(Refusal.of(
                            Refusal.Code.CURSOR_NOT_FOUND,
                            "stream \"" + request.getStream() + "\" has no cursor \"" + request.getCursor() + "\""));
                }
                offset = cursor.offset();
            }
            default -> {
                return invalid("from is not set: allowed are offset, timestamp_millis, edge and cursor");
            }
        }
        // Files may have been read meanwhile, and a cursor is where it is now.
        var current = replica.streams().stream(request.getStream());
        if (current == null || current.streamId() != stream.streamId()) {
            return new Refused(
                    Refusal.of(Refusal.Code.STREAM_NOT_FOUND, "stream \"" + request.getStream() + "\" was deleted"));
        }
        if (offset < current.startOffset() || offset > current.nextOffset()) {
            return new Refused(outOfRange(current, offset));
        }
        return new At(
                request.getStream(),
                stream.streamId(),
                offset,
                request.getFollow(),
                request.getMaxRecords(),
                isolation,
                responseBytes(request.getMaxResponseBytes(), defaultResponseBytes),
                new HistoryId(Uuids.bytes(status.historyId())));
    }

    private static int responseBytes(int asked, int most) {
        return asked == 0 ? most : Math.clamp(Integer.toUnsignedLong(asked), LEAST_RESPONSE_BYTES, most);
    }

    private static ReadDesk.@Nullable Isolation isolation(int number) {
        return switch (number) {
            case Isolation.ISOLATION_UNSPECIFIED_VALUE, Isolation.ISOLATION_DURABLE_VALUE -> ReadDesk.Isolation.DURABLE;
            case Isolation.ISOLATION_REPLICATED_VALUE -> ReadDesk.Isolation.REPLICATED;
            case Isolation.ISOLATION_BUFFERED_VALUE -> ReadDesk.Isolation.BUFFERED;
            default -> null;
        };
    }

    /// Whether this replica's log is another one than the reader has seen; null: it agrees, as far as it still knows.
    private static @Nullable ReadStart contradiction(Replica replica, LogChunks.Pool pool, ReadPosition seen) {
        var status = replica.status();
        if (!seen.getHistoryId().isEmpty() && !seen.getHistoryId().equals(Uuids.wire(status.historyId()))) {
            return new Refused(otherHistory(status, seen));
        }
        var end = replica.watermarks().leaderReceived();
        if (seen.getLsn() < 0) {
            return new Refused(Refusal.of(
                    Refusal.Code.OUT_OF_RANGE,
                    "after.lsn is " + Long.toUnsignedString(seen.getLsn()) + ": allowed is " + status.startLsn()
                            + " to " + end));
        }
        if (seen.getEpoch() == 0 || seen.getLsn() < status.startLsn()) {
            return null;
        }
        switch (replica.epochs().relation(seen.getEpoch(), seen.getLsn(), end)) {
            case EpochMap.Relation.Behind _ -> {
                return new Behind(Refusal.of(
                        Refusal.Code.RECOVERING,
                        "this replica's log ends at lsn " + end + ", the reader has seen " + seen.getLsn()
                                + ": retry later, or read from another replica"));
            }
            case EpochMap.Relation.Diverged diverged -> {
                return new Refused(truncated(seen.getEpoch(), seen.getLsn(), diverged));
            }
            case EpochMap.Relation.Holds _ -> {}
        }
        var chunks = pool.lease(replica, seen.getLsn());
        try {
            return chunks.epochAt(seen.getLsn()) == seen.getEpoch()
                    ? null
                    : new Refused(noEntry(seen.getEpoch(), seen.getLsn()));
        } catch (WalException.OutOfRange noEntryThere) {
            return new Refused(noEntry(seen.getEpoch(), seen.getLsn()));
        } catch (WalException.BadEntry | WalException.Unusable damaged) {
            replica.doubt(seen.getLsn());
            throw damaged;
        } finally {
            pool.giveBack(chunks);
        }
    }

    private static Refusal otherHistory(ReplicaStatus status, ReadPosition seen) {
        for (var former : status.formerHistories()) {
            if (seen.getHistoryId().equals(Uuids.wire(former))) {
                return Refusal.of(
                        Refusal.Code.LOG_TRUNCATED,
                        "after.history_id is " + former + ": a forced recovery replaced it by " + status.historyId()
                                + ", and what was read there may be lost");
            }
        }
        return Refusal.of(
                Refusal.Code.WRONG_CLUSTER,
                "after.history_id is not this cluster's " + status.historyId()
                        + ": the position is of another log, begin anew");
    }

    static Refusal truncated(long epoch, long lsn, EpochMap.Relation.Diverged diverged) {
        return Refusal.of(
                Refusal.Code.LOG_TRUNCATED,
                "what was read at lsn " + lsn + " of epoch " + epoch + " is not in this log: it goes on with epoch "
                        + diverged.epoch() + " from lsn " + diverged.divergenceLsn());
    }

    private static Refusal noEntry(long epoch, long lsn) {
        return Refusal.of(
                Refusal.Code.LOG_TRUNCATED,
                "the log has no entry of epoch " + epoch + " at lsn " + lsn
                        + ": an election discarded what was read there");
    }

    static Refusal bufferedNeedsLeader() {
        return Refusal.of(
                Refusal.Code.NOT_LEADER, "isolation is BUFFERED: only the leader has a queue of its own to show");
    }

    static Refusal outOfRange(StreamView stream, long offset) {
        return new Refusal(
                Refusal.Code.OUT_OF_RANGE,
                "offset is " + Long.toUnsignedString(offset) + ": stream \"" + stream.name() + "\" has "
                        + stream.startOffset() + " to " + stream.nextOffset() + " (the next one)",
                OptionalLong.of(stream.startOffset()),
                OptionalLong.of(stream.nextOffset()),
                OptionalLong.empty(),
                OptionalLong.empty());
    }

    private static Refused invalid(String message) {
        return new Refused(Refusal.of(Refusal.Code.INVALID_ARGUMENT, message));
    }
}
