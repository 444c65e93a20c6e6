package io.taffrail.replication;

import io.taffrail.replication.protocol.Watermarks;
import io.taffrail.streams.CommitMode;
import io.taffrail.streams.Durability;
import io.taffrail.streams.ReplicationMode;
import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.Iterator;

/// Those that wait for an LSN to reach a level: one first-in-first-out line a level. A level that holds for an LSN
/// holds for all below it, so only the heads need to be looked at.
final class WaitingLine {
    /// What waits. `reached` and `lost` are called once, one of them.
    interface Waiter {
        long endLsn();

        /// False: it waits for something else still, and is asked again.
        boolean reached(Durability level);

        void lost(String reason);
    }

    private record Entry(Waiter waiter, Durability asked, long sinceNanos) {}

    /// From the strongest down: an acknowledgement names the first that holds and covers what was asked.
    private static final Durability[] LEVELS = {
        new Durability(CommitMode.SYNC, ReplicationMode.ALL),
        new Durability(CommitMode.SYNC, ReplicationMode.QUORUM),
        new Durability(CommitMode.ASYNC, ReplicationMode.ALL),
        new Durability(CommitMode.ASYNC, ReplicationMode.QUORUM),
        new Durability(CommitMode.SYNC, ReplicationMode.ASYNC),
        new Durability(CommitMode.ASYNC, ReplicationMode.ASYNC),
    };

    private final EnumMap<CommitMode, EnumMap<ReplicationMode, ArrayDeque<Entry>>> lines =
            new EnumMap<>(CommitMode.class);
    private final ArrayDeque<Entry> held = new ArrayDeque<>();
    private int size;
    private long reached;
    private long reachedAfterNanos;

    WaitingLine() {
        for (var mode : CommitMode.values()) {
            var forMode = new EnumMap<ReplicationMode, ArrayDeque<Entry>>(ReplicationMode.class);
            for (var replication : ReplicationMode.values()) {
                forMode.put(replication, new ArrayDeque<>());
            }
            lines.put(mode, forMode);
        }
    }

    void add(Durability level, Waiter waiter, long nowNanos) {
        line(level).add(new Entry(waiter, level, nowNanos));
        size++;
    }

    boolean isEmpty() {
        return size == 0;
    }

    int size() {
        return size;
    }

    /// How many have reached their level, since the start; with the next, how long they waited together.
    long reached() {
        return reached;
    }

    long reachedAfterNanos() {
        return reachedAfterNanos;
    }

    private ArrayDeque<Entry> line(Durability level) {
        var forMode = lines.get(level.commitMode());
        var line = forMode == null ? null : forMode.get(level.replicationMode());
        if (line == null) {
            throw new IllegalStateException("no line for " + level);
        }
        return line;
    }

    /// Ends the waiting of those whose level is reached.
    void advance(Watermarks watermarks, long nowNanos) {
        for (var level : LEVELS) {
            var line = line(level);
            var position = position(watermarks, level);
            for (var head = line.peek(); head != null && head.waiter().endLsn() <= position; head = line.peek()) {
                line.remove();
                size--;
                reached++;
                reachedAfterNanos += nowNanos - head.sinceNanos();
                if (!reached(head, watermarks)) {
                    // It wants more copies than the level promises; those behind it do not wait for that.
                    held.add(head);
                    size++;
                }
            }
        }
        for (Iterator<Entry> each = held.iterator(); each.hasNext(); ) {
            if (reached(each.next(), watermarks)) {
                each.remove();
                size--;
            }
        }
    }

    private static boolean reached(Entry entry, Watermarks watermarks) {
        var waiter = entry.waiter();
        return waiter.reached(strongest(watermarks, entry.asked(), waiter.endLsn()));
    }

    private static Durability strongest(Watermarks watermarks, Durability asked, long endLsn) {
        for (var level : LEVELS) {
            if (level.covers(asked) && position(watermarks, level) >= endLsn) {
                return level;
            }
        }
        return asked;
    }

    private static long position(Watermarks watermarks, Durability level) {
        return switch (level.commitMode()) {
            case ASYNC ->
                switch (level.replicationMode()) {
                    case ASYNC -> watermarks.leaderReceived();
                    case QUORUM -> watermarks.quorumReceived();
                    case ALL -> watermarks.allReceived();
                };
            case SYNC ->
                switch (level.replicationMode()) {
                    case ASYNC -> watermarks.leaderFlushed();
                    case QUORUM -> watermarks.quorumFlushed();
                    case ALL -> watermarks.allFlushed();
                };
        };
    }

    /// Nobody waits for ever: those that came before `beforeNanos` are told that it is not known what becomes of
    /// them.
    void expire(long beforeNanos, String reason) {
        for (var level : LEVELS) {
            expire(line(level), beforeNanos, reason);
        }
        // They lie there in the order in which their levels were reached.
        for (Iterator<Entry> each = held.iterator(); each.hasNext(); ) {
            var entry = each.next();
            if (entry.sinceNanos() < beforeNanos) {
                each.remove();
                size--;
                entry.waiter().lost(reason);
            }
        }
    }

    private void expire(ArrayDeque<Entry> line, long beforeNanos, String reason) {
        for (var head = line.peek(); head != null && head.sinceNanos() < beforeNanos; head = line.peek()) {
            line.remove();
            size--;
            head.waiter().lost(reason);
        }
    }

    void loseAll(String reason) {
        expire(Long.MAX_VALUE, reason);
    }
}
