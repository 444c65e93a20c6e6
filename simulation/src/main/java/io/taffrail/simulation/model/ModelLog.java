package io.taffrail.simulation.model;

import io.taffrail.replication.protocol.Configuration;
import io.taffrail.replication.protocol.EpochStart;
import io.taffrail.replication.protocol.LogPosition;
import io.taffrail.replication.protocol.LogView;
import io.taffrail.replication.protocol.LoggedConfiguration;
import io.taffrail.replication.protocol.Member;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// A log of positions: each entry stands for its bytes by a checksum over what they are and everything
/// before.
record ModelLog(List<Entry> entries) implements LogView {
    private static final long ENTRY_BYTES = 10;
    private static final int WIRE_BYTES = 66;

    static final ModelLog EMPTY = new ModelLog(List.of());

    /// @param begins the epoch that this entry begins; null: a record
    /// @param possibleLoss the epoch declares that older epochs may have lost records
    /// @param configures the voters from here on; null: anything else
    record Entry(
            LogPosition end,
            @Nullable EpochStart begins,
            boolean possibleLoss,
            @Nullable Configuration configures) {}

    LogPosition end() {
        return entries.isEmpty() ? LogPosition.EMPTY : entries.getLast().end();
    }

    /// @param content what makes the bytes different from those of another entry at this place
    ModelLog append(long epoch, long content, @Nullable EpochStart begins, boolean possibleLoss) {
        return append(epoch, content, begins, possibleLoss, null);
    }

    ModelLog append(long epoch, Configuration configures) {
        // Apart from records and beginnings of epochs, and from any other configuration.
        var content =
                -1_000_000 - 65_536 * configures.id() - 256L * bits(configures.voters()) - bits(configures.learners());
        return append(epoch, content, null, false, configures);
    }

    private ModelLog append(
            long epoch,
            long content,
            @Nullable EpochStart begins,
            boolean possibleLoss,
            @Nullable Configuration configures) {
        var before = end();
        var chain = (int) new Digest()
                .add(before.chainCrc())
                .add(epoch)
                .add(before.lsn())
                .add(content)
                .value()
                .first();
        return with(List.of(new Entry(
                new LogPosition(before.lsn() + ENTRY_BYTES, epoch, chain), begins, possibleLoss, configures)));
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

    List<LoggedConfiguration> configurations() {
        var logged = new ArrayList<LoggedConfiguration>();
        for (var entry : entries) {
            if (entry.configures() != null) {
                logged.add(new LoggedConfiguration(entry.end().lsn(), entry.configures()));
            }
        }
        return logged;
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
    public Chain chainAt(long lsn) {
        var position = positionAt(lsn);
        return position.lsn() == 0 ? new Chain.None() : new Chain.Known(position.chainCrc());
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
            var configures = entry.configures();
            to.putLong(configures == null ? 0 : configures.id());
            to.putInt(configures == null ? 0 : bits(configures.voters()));
            to.putInt(configures == null ? 0 : bits(configures.learners()));
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
            var id = from.getLong();
            var configures = new Configuration(id, members(from.getInt()), members(from.getInt()));
            entries.add(new Entry(end, isBegin ? begins : null, possibleLoss, id == 0 ? null : configures));
        }
        return entries;
    }

    private static int bits(List<Member> members) {
        return members.stream().mapToInt(member -> 1 << member.nodeId()).sum();
    }

    private static List<Member> members(int bits) {
        return IntStream.range(0, Integer.SIZE)
                .filter(node -> (bits >> node & 1) == 1)
                .mapToObj(ModelReplica::member)
                .toList();
    }

    @Override
    public String toString() {
        var text = new StringBuilder();
        for (var entry : entries) {
            var kind = entry.configures() != null ? " C" : entry.begins() == null ? " r" : " B";
            text.append(kind).append(entry.end());
        }
        return text.isEmpty() ? "empty" : text.substring(1);
    }
}
