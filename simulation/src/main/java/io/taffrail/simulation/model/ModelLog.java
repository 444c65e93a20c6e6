package io.taffrail.simulation.model;

import io.taffrail.replication.protocol.EpochStart;
import io.taffrail.replication.protocol.LogPosition;
import io.taffrail.replication.protocol.LogView;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/// A log of positions: each entry stands for its bytes by a checksum over what they are and everything
/// before.
record ModelLog(List<Entry> entries) implements LogView {
    private static final long ENTRY_BYTES = 10;
    private static final int WIRE_BYTES = 50;

    static final ModelLog EMPTY = new ModelLog(List.of());

    /// @param begins the epoch that this entry begins; null: a record
    /// @param possibleLoss the epoch declares that older epochs may have lost records
    record Entry(LogPosition end, @Nullable EpochStart begins, boolean possibleLoss) {}

    LogPosition end() {
        return entries.isEmpty() ? LogPosition.EMPTY : entries.getLast().end();
    }

    /// @param content what makes the bytes different from those of another entry at this place
    ModelLog append(long epoch, long content, @Nullable EpochStart begins, boolean possibleLoss) {
        var before = end();
        var chain = (int) new Digest()
                .add(before.chainCrc())
                .add(epoch)
                .add(before.lsn())
                .add(content)
                .value()
                .first();
        return with(
                List.of(new Entry(new LogPosition(before.lsn() + ENTRY_BYTES, epoch, chain), begins, possibleLoss)));
    }

    ModelLog with(List<Entry> more) {
        var all = new ArrayList<>(entries);
        all.addAll(more);
        return new ModelLog(List.copyOf(all));
    }

    ModelLog cutAt(long lsn) {
        return new ModelLog(
                entries.stream().filter(entry -> entry.end().lsn() <= lsn).toList());
    }

    List<Entry> after(long lsn) {
        return entries.stream().filter(entry -> entry.end().lsn() > lsn).toList();
    }

    LogPosition positionAt(long lsn) {
        for (var entry : entries) {
            if (entry.end().lsn() == lsn) {
                return entry.end();
            }
        }
        return LogPosition.EMPTY;
    }

    boolean holds(LogPosition position) {
        return position.lsn() == 0 || positionAt(position.lsn()).equals(position);
    }

    /// Whether some epoch above `epoch` says that what stood at `lsn` and above may be lost.
    boolean declaresLoss(long epoch, long lsn) {
        for (var entry : entries) {
            var begins = entry.begins();
            if (begins != null && entry.possibleLoss() && begins.epoch() > epoch && begins.startLsn() < lsn) {
                return true;
            }
        }
        return false;
    }

    List<EpochStart> lineage() {
        var starts = new ArrayList<EpochStart>();
        for (var entry : entries) {
            if (entry.begins() != null) {
                starts.add(entry.begins());
            }
        }
        return starts;
    }

    /// Null: wherever both name the same epoch and LSN they hold the same bytes.
    @Nullable
    String contradicts(ModelLog other) {
        for (var entry : entries) {
            var there = other.positionAt(entry.end().lsn());
            if (there.epoch() == entry.end().epoch() && !there.equals(entry.end())) {
                return "I1: one log holds %s, another %s".formatted(entry.end(), there);
            }
        }
        return null;
    }

    @Override
    public OptionalInt chainCrcAt(long lsn) {
        var position = positionAt(lsn);
        return position.lsn() == 0 ? OptionalInt.empty() : OptionalInt.of(position.chainCrc());
    }

    static ByteBuffer encode(List<Entry> entries) {
        var to = ByteBuffer.allocate(entries.size() * WIRE_BYTES);
        for (var entry : entries) {
            var end = entry.end();
            var begins = entry.begins() == null ? new EpochStart(0, 0, 0, 0) : entry.begins();
            to.putLong(end.lsn()).putLong(end.epoch()).putInt(end.chainCrc());
            to.put((byte) (entry.begins() == null ? 0 : 1)).put((byte) (entry.possibleLoss() ? 1 : 0));
            to.putLong(begins.epoch()).putLong(begins.startLsn());
            to.putLong(begins.previousEpoch()).putInt(begins.chainAtStart());
        }
        return to.flip().asReadOnlyBuffer();
    }

    static List<Entry> decode(ByteBuffer bytes) {
        var from = bytes.duplicate();
        var entries = new ArrayList<Entry>();
        while (from.hasRemaining()) {
            var end = new LogPosition(from.getLong(), from.getLong(), from.getInt());
            var isBegin = from.get() == 1;
            var possibleLoss = from.get() == 1;
            var begins = new EpochStart(from.getLong(), from.getLong(), from.getLong(), from.getInt());
            entries.add(new Entry(end, isBegin ? begins : null, possibleLoss));
        }
        return entries;
    }

    @Override
    public String toString() {
        var text = new StringBuilder();
        for (var entry : entries) {
            text.append(entry.begins() == null ? " r" : " B").append(entry.end());
        }
        return text.isEmpty() ? "empty" : text.substring(1);
    }
}
