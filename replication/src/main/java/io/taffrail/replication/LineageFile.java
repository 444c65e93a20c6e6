package io.taffrail.replication;

import io.taffrail.replication.codec.LineageCodec;
import io.taffrail.replication.codec.MalformedException;
import io.taffrail.replication.protocol.EpochStart;
import io.taffrail.wal.SlotFile;
import io.taffrail.wal.io.Errno;
import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.LogDirectory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Where every epoch of the log began, for ever: two logs may have parted long ago. The newest epochs are in a slot
/// file, which a failover rewrites in place. Those that do not fit there are in a second file, replaced as a whole
/// before the slot loses any of them, once in many failovers.
final class LineageFile implements AutoCloseable {
    static final String SLOT = "lineage";
    static final String OLDER = "lineage-older";
    private static final String TEMPORARY = OLDER + WholeFile.TEMPORARY_SUFFIX;
    /// So many failovers pass between two replacements of the second file.
    private static final int SLACK = 64;

    private final LogDirectory directory;
    private final SlotFile slot;
    private final List<EpochStart> found;
    private List<EpochStart> older;

    private LineageFile(LogDirectory directory, SlotFile slot, List<EpochStart> older) {
        this.directory = directory;
        this.slot = slot;
        this.older = older;
        this.found = joined(older, slot.value());
    }

    static LineageFile open(LogDirectory directory, IoMethod io) throws IOException {
        if (directory.exists(TEMPORARY)) {
            directory.delete(TEMPORARY);
        }
        return new LineageFile(directory, SlotFile.open(directory, SLOT, io), readOlder(directory));
    }

    /// As it was when this was opened, oldest first.
    List<EpochStart> found() {
        return found;
    }

    /// What the slot holds is the truth from its first epoch on. The second file may be of a log that was longer, and
    /// was cut since.
    private static List<EpochStart> joined(List<EpochStart> older, @Nullable ByteBuffer newest) {
        if (newest == null) {
            return List.of();
        }
        var starts = LineageCodec.decode(newest);
        if (starts.isEmpty()) {
            return List.of();
        }
        var all = new ArrayList<EpochStart>();
        for (var start : older) {
            if (start.epoch() < starts.getFirst().epoch()) {
                all.add(start);
            }
        }
        all.addAll(starts);
        return List.copyOf(all);
    }

    /// `done` hears null, or what went wrong, when the newest epochs are durable. Blocks if the second file has
    /// to be replaced. False: there is no room for that; both files are as they were, and `done` hears nothing.
    boolean write(List<EpochStart> starts, Consumer<@Nullable String> done) {
        var inSlot = LineageCodec.mostEpochs(SlotFile.MAX_VALUE_BYTES);
        var left = Math.max(0, starts.size() - inSlot);
        try {
            if (!isPrefix(starts.subList(0, left))) {
                replaceOlder(List.copyOf(starts.subList(0, Math.min(starts.size(), left + SLACK))));
            }
        } catch (IOException e) {
            if (Errno.isNoRoom(e)) {
                return false;
            }
            done.accept(OLDER + ": " + e.getMessage());
            return true;
        }
        slot.write(LineageCodec.encode(starts, SlotFile.MAX_VALUE_BYTES), done);
        return true;
    }

    /// What a write of the newest epochs failed with; null: none has.
    @Nullable
    String failure() {
        return slot.failure();
    }

    private boolean isPrefix(List<EpochStart> needed) {
        return needed.size() <= older.size() && older.subList(0, needed.size()).equals(needed);
    }

    private void replaceOlder(List<EpochStart> starts) throws IOException {
        WholeFile.replace(directory, OLDER, LineageCodec.encodeChecked(starts), (byte) 0);
        older = starts;
    }

    private static List<EpochStart> readOlder(LogDirectory directory) throws IOException {
        if (!directory.exists(OLDER)) {
            return List.of();
        }
        try {
            return LineageCodec.decodeChecked(WholeFile.read(directory, OLDER, Integer.MAX_VALUE));
        } catch (MalformedException | IOException damaged) {
            // What is older than the slot is looked at only by a replica that parted long ago; it begins anew then.
            return List.of();
        }
    }

    @Override
    public void close() {
        slot.close();
    }
}
