package io.taffrail.simulation.check;

import io.taffrail.replication.Replica;
import io.taffrail.wal.WalException;
import io.taffrail.wal.WalReader;
import java.nio.ByteBuffer;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What one replica's log holds, read through its own reader and kept up to date: what was read before is read
/// again only if the log was cut.
public final class ObservedLog implements LogContents {
    private final Replica replica;
    private final WalReader reader;
    private final TreeMap<Long, ObservedEntry> entries = new TreeMap<>();
    private long flushedLsn;
    private ByteBuffer buffer = ByteBuffer.allocate(256 << 10);

    public ObservedLog(Replica replica) {
        this.replica = replica;
        this.reader = replica.newReader();
    }

    /// Reads what is new; `found` hears of each entry once in each place. `atLeastLsn`: an end that the log is
    /// known to have, though the replica's watermarks do not say so yet.
    public void refresh(long atLeastLsn, Consumer<ObservedEntry> found) {
        var start = replica.startLsn();
        entries.headMap(start, false).clear();
        while (!entries.isEmpty() && !stillThere(entries.lastEntry().getValue())) {
            entries.pollLastEntry();
        }
        var lsn = entries.isEmpty()
                ? start
                : entries.lastEntry().getValue().header().endLsn();
        var end = Math.max(atLeastLsn, replica.watermarks().leaderReceived());
        while (lsn < end) {
            buffer.clear();
            var count = reader.read(lsn, end, buffer);
            if (count == 0) {
                var length = reader.header(lsn).lengthBytes();
                if (length <= buffer.capacity()) {
                    return;
                }
                buffer = ByteBuffer.allocate(length);
                continue;
            }
            for (var at = 0; at < count; ) {
                var entry = ObservedEntry.of(buffer.slice(at, count - at));
                var previous = entries.lastEntry();
                if (previous != null
                        && entry.header().chainPrevious()
                                != previous.getValue().header().crc()) {
                    throw new InvariantViolation(
                            "LogIdentity",
                            "%s does not follow %s"
                                    .formatted(
                                            entry.header(), previous.getValue().header()));
                }
                entries.put(lsn + at, entry);
                found.accept(entry);
                at += entry.header().lengthBytes();
            }
            lsn += count;
        }
    }

    private boolean stillThere(ObservedEntry entry) {
        var lsn = entry.header().lsn();
        try {
            return reader.header(lsn).crc() == entry.header().crc();
        } catch (WalException.OutOfRange gone) {
            return false;
        }
    }

    @Override
    public @Nullable ObservedEntry at(long lsn) {
        return entries.get(lsn);
    }

    public NavigableMap<Long, ObservedEntry> entries() {
        return entries;
    }

    public Iterable<ObservedEntry> newestFirst() {
        return entries.descendingMap().values();
    }

    /// Up to where the entries were flushed when they were read last.
    public void flushedLsn(long lsn) {
        flushedLsn = lsn;
    }

    public long flushedLsn() {
        return flushedLsn;
    }

    public int nodeId() {
        return replica.status().nodeId();
    }

    /// Also what retention has taken, which a majority held flushed before: not every replica trims at the same time.
    public boolean holdsFlushed(long lsn, int crc) {
        if (lsn < startLsn()) {
            return true;
        }
        var entry = entries.get(lsn);
        return entry != null && entry.header().crc() == crc && entry.header().endLsn() <= flushedLsn;
    }

    @Override
    public long endLsn() {
        return entries.isEmpty()
                ? replica.startLsn()
                : entries.lastEntry().getValue().header().endLsn();
    }

    @Override
    public String toString() {
        return "node %s: end %s, flushed %s".formatted(nodeId(), endLsn(), flushedLsn);
    }

    @Override
    public long startLsn() {
        return replica.startLsn();
    }

    /// Of the last entry; a leader's own log ends in the epoch that it leads.
    public long lastEpoch() {
        return entries.isEmpty() ? 0 : entries.lastEntry().getValue().header().epoch();
    }

    public int lastCrc() {
        return entries.isEmpty() ? 0 : entries.lastEntry().getValue().header().crc();
    }
}
