package io.taffrail.simulation.check;

import io.taffrail.simulation.check.LinearizableLog.Verdict;
import io.taffrail.simulation.check.LogOperation.Outcome;
import io.taffrail.streams.CommitMode;
import io.taffrail.streams.Durability;
import io.taffrail.streams.ReplicationMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What the clients of a run did to each stream and what they were told, for [LinearizableLog]. Times are true ones.
///
/// Each stream is judged as readers at DURABLE know it: an append is certain once it was acknowledged at Sync and a
/// quorum, any other may be kept or not. If no election has declared a loss it is judged once more with every
/// acknowledgement of a quorum as certain.
public final class ClientHistory {
    private static final int MAX_OPERATIONS = 200_000;

    /// One attempt to append; its end is told at most once.
    public static final class Attempt {
        private final long key;
        private final List<Long> records;
        private final long invokedNanos;
        private long returnedNanos = LogOperation.NEVER;
        private Outcome outcome = new Outcome.Unknown();
        private @Nullable Durability reached;

        private Attempt(long key, List<Long> records, long invokedNanos) {
            this.key = key;
            this.records = records;
            this.invokedNanos = invokedNanos;
        }

        public void acknowledged(long atNanos, long offset, Durability level) {
            returnedNanos = atNanos;
            outcome = new Outcome.Acknowledged(offset);
            reached = level;
        }

        public void refused(long atNanos) {
            returnedNanos = atNanos;
            outcome = new Outcome.Refused();
        }

        private LogOperation.Append at(boolean durable) {
            var level = reached;
            var counts = level == null
                    || (level.replicationMode() != ReplicationMode.ASYNC
                            && (!durable || level.commitMode() == CommitMode.SYNC));
            return counts
                    ? new LogOperation.Append(key, records, invokedNanos, returnedNanos, outcome)
                    : new LogOperation.Append(key, records, invokedNanos, LogOperation.NEVER, new Outcome.Unknown());
        }
    }

    private static final class Stream {
        private final List<Attempt> attempts = new ArrayList<>();
        private final List<LogOperation> looks = new ArrayList<>();
        private long readUpTo;
    }

    private final TreeMap<String, Stream> streams = new TreeMap<>();
    private int operations;

    /// `key`: equal for all attempts of which one alone may take effect. `recordsCrc`: of the batch.
    public Attempt invoked(String stream, long key, int recordsCrc, int recordCount, long atNanos) {
        var attempt = new Attempt(key, records(recordsCrc, recordCount), atNanos);
        if (operations++ < MAX_OPERATIONS) {
            of(stream).attempts.add(attempt);
        }
        return attempt;
    }

    /// A reader was given the batch as durable. Whether it is the one that was given to others before is for
    /// [LogsAgreeUpToCommit] to say, so only what is new is kept.
    public void read(String stream, ObservedEntry.Batch batch, long fromNanos, long toNanos) {
        var known = of(stream);
        if (batch.endOffset() > known.readUpTo && operations++ < MAX_OPERATIONS) {
            known.readUpTo = batch.endOffset();
            known.looks.add(new LogOperation.Read(
                    batch.baseOffset(), records(batch.recordsCrc(), batch.recordCount()), fromNanos, toNanos));
        }
    }

    /// A client asked where the durable part of the stream ends, and was told.
    public void checkedTail(String stream, long offset, long fromNanos, long toNanos) {
        if (operations++ < MAX_OPERATIONS) {
            of(stream).looks.add(new LogOperation.CheckTail(offset, fromNanos, toNanos));
        }
    }

    private Stream of(String stream) {
        return streams.computeIfAbsent(stream, _ -> new Stream());
    }

    private static List<Long> records(int crc, int count) {
        var records = new ArrayList<Long>();
        for (var i = 0; i < count; i++) {
            records.add(((long) crc << 32) | i);
        }
        return records;
    }

    /// Throws if no log explains a stream. Returns the number of operations by stream, for those that were judged; a
    /// history that leaves too much open, or that was too long to keep, is not among them.
    public Map<String, Integer> judge(boolean lossWasDeclared) {
        var judged = new TreeMap<String, Integer>();
        if (operations > MAX_OPERATIONS) {
            return judged;
        }
        streams.forEach((name, stream) -> {
            if (isExplained(name, stream, true) && (lossWasDeclared || isExplained(name, stream, false))) {
                judged.put(name, stream.attempts.size() + stream.looks.size());
            }
        });
        return judged;
    }

    private static boolean isExplained(String name, Stream stream, boolean durable) {
        var history = new ArrayList<>(stream.looks);
        stream.attempts.forEach(attempt -> history.add(attempt.at(durable)));
        return switch (LinearizableLog.check(0, history)) {
            case Verdict.Linearizable _ -> true;
            case Verdict.Undecided _ -> false;
            case Verdict.Violated(String why) ->
                throw new InvariantViolation(
                        "LinearizableLog", "%s%s: %s".formatted(name, durable ? "" : ", as replicated", why));
        };
    }
}
