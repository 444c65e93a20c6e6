package io.taffrail.wal.segment;

import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.LogFile;
import io.taffrail.wal.record.EntryCursor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Writes a sealed segment anew: its own groups as far as they verify, and for what does not, entries that a
/// peer gives. The file under the segment's name is replaced only when the new one has been read back and
/// ends where the next segment begins, in the same chain. A crash before that leaves the old file.
///
/// One thread at a time; blocks. No truncation, restart or trim may run meanwhile; between two calls they may.
public final class SegmentRebuild implements AutoCloseable {
    /// Of files that are not finished; recovery deletes them.
    public static final String SUFFIX = ".rebuilt";

    private static final int WINDOW_BYTES = 256 << 10;

    private final Segment segment;
    private final Segment next;
    private final LogDirectory directory;
    private final SegmentTable table;
    private final SegmentScanner own = new SegmentScanner(new BlockReader(WINDOW_BYTES));
    private final EntryCursor given = new EntryCursor();
    private @Nullable LogFile target;
    private long position = Blocks.BLOCK_BYTES;
    private @Nullable Gap gap;
    private ByteBuffer pending = Blocks.allocate(0);
    private int pendingEntries;
    private long pendingLsn;
    private int pendingChain;
    private long pendingEpoch;
    /// Of the entry that was added last.
    private long lastEpoch;
    private boolean ownIsOver;

    /// What has to come from somewhere else.
    ///
    /// @param fromChain `crc` of the entry before `fromLsn`, and `toChain` before `toLsn`
    public record Gap(long fromLsn, int fromChain, long fromEpoch, long toLsn, int toChain) {}

    public sealed interface Progress {
        /// More is to be copied.
        record Copying() implements Progress {}

        /// Entries of the gap are to be given, from `at` on.
        ///
        /// @param atChain `crc` of the entry before `at`
        record Lacking(long at, int atChain, Gap gap) implements Progress {}

        /// The segment is whole again.
        record Done() implements Progress {}

        /// It was trimmed or cut meanwhile.
        record Gone() implements Progress {}

        record Failed(String why) implements Progress {}
    }

    /// Null: no segment that `flushedLsn` covers holds `lsn`.
    public static @Nullable SegmentRebuild of(long lsn, long flushedLsn, LogDirectory directory, SegmentTable table) {
        var segment = table.holding(lsn);
        var next = segment == null ? null : table.after(segment);
        return segment == null || next == null || next.baseLsn() > flushedLsn
                ? null
                : new SegmentRebuild(segment, next, directory, table);
    }

    private SegmentRebuild(Segment segment, Segment next, LogDirectory directory, SegmentTable table) {
        this.segment = segment;
        this.next = next;
        this.directory = directory;
        this.table = table;
    }

    public long baseLsn() {
        return segment.baseLsn();
    }

    public long endLsn() {
        return next.baseLsn();
    }

    /// Copies about `maxBytes` of the segment's own groups.
    public Progress copy(int maxBytes) {
        if (!table.holds(segment, next)) {
            return abandoned(new Progress.Gone());
        }
        try {
            return tryCopy(maxBytes);
        } catch (IOException e) {
            return failed(e.toString());
        }
    }

    private Progress tryCopy(int maxBytes) throws IOException {
        var file = target == null ? begin() : target;
        for (var copied = 0; copied < maxBytes; ) {
            var lacking = gap;
            if (lacking != null) {
                return new Progress.Lacking(given.lsn(), given.chain(), lacking);
            }
            if (own.lsn() == next.baseLsn() || ownIsOver) {
                return finish(file);
            }
            if (accepts()) {
                var group = own.group();
                var index = own.entriesIndex() - GroupHeader.SIZE_BYTES;
                write(file, own.buffer().slice(index, group.fileBytes()));
                copied += group.fileBytes();
            } else {
                lacks();
            }
        }
        return new Progress.Copying();
    }

    private boolean accepts() {
        try {
            return !ownIsOver && own.next();
        } catch (IOException unreadable) {
            return false;
        }
    }

    private LogFile begin() throws IOException {
        if (directory.freeBytes() < 2L * segment.segmentBytes()) {
            throw new IOException("less than two segments of the disk are free");
        }
        var name = name();
        if (directory.exists(name)) {
            directory.delete(name);
        }
        var file = directory.create(name, segment.segmentBytes());
        target = file;
        var block = Blocks.allocate(Blocks.BLOCK_BYTES);
        segment.header().write(block, 0);
        file.write(block, 0);
        try {
            own.begin(segment.file(), segment.header());
        } catch (IOException gone) {
            // Everything of it has to come from somewhere else.
            ownIsOver = true;
            var header = segment.header();
            lacks(new Gap(
                    header.baseLsn(),
                    header.chain(),
                    header.epoch(),
                    next.baseLsn(),
                    next.header().chain()));
        }
        return file;
    }

    private String name() {
        return SegmentName.of(segment.sequence()) + SUFFIX;
    }

    private void lacks() {
        var from = own.lsn();
        var chain = own.chain();
        var epoch = own.epoch();
        if (own.skipDefect()) {
            lacks(new Gap(from, chain, epoch, own.lsn(), own.chain()));
        } else {
            ownIsOver = true;
            lacks(new Gap(from, chain, epoch, next.baseLsn(), next.header().chain()));
        }
    }

    private void lacks(Gap found) {
        gap = found;
        given.reset(found.fromLsn(), found.fromChain(), found.fromEpoch());
        beginGroup();
    }

    private void beginGroup() {
        pending = Blocks.allocate(0);
        pendingEntries = 0;
        pendingLsn = given.lsn();
        pendingChain = given.chain();
        pendingEpoch = given.epoch();
    }

    /// Takes whole entries that follow what the gap has so far. None of them counts if one is not what
    /// belongs there.
    public Progress give(ByteBuffer entries) {
        var lacking = gap;
        if (lacking == null || !table.holds(segment, next)) {
            return abandoned(new Progress.Gone());
        }
        var bytes = entries.slice().order(ByteOrder.LITTLE_ENDIAN);
        var at = 0;
        while (at < bytes.limit() && given.lsn() < lacking.toLsn()) {
            var wrong = given.accept(bytes, at, bytes.limit());
            if (wrong != null) {
                return failed("what a peer gave does not belong there: " + wrong);
            }
            try {
                add(bytes.slice(at, given.lengthBytes()));
            } catch (IOException e) {
                return failed(e.toString());
            }
            at += given.lengthBytes();
        }
        if (given.lsn() < lacking.toLsn()) {
            return new Progress.Lacking(given.lsn(), given.chain(), lacking);
        }
        return given.lsn() == lacking.toLsn() && given.chain() == lacking.toChain()
                ? closeGap()
                : failed(String.format(
                        Locale.ROOT,
                        "what a peer gave ends at %s in %08x, this log goes on at %s behind %08x",
                        given.lsn(),
                        given.chain(),
                        lacking.toLsn(),
                        lacking.toChain()));
    }

    private Progress closeGap() {
        try {
            writePending();
        } catch (IOException e) {
            return failed(e.toString());
        }
        gap = null;
        return new Progress.Copying();
    }

    private void add(ByteBuffer entry) throws IOException {
        var length = entry.remaining();
        if (pendingEntries > 0 && pending.position() - GroupHeader.SIZE_BYTES + length > TailBuffer.MAX_GROUP_BYTES) {
            writePending();
            // The group begins in front of the entry that did not fit.
            pendingLsn = given.lsn() - length;
            pendingChain = entry.order(ByteOrder.LITTLE_ENDIAN).getInt(24);
            pendingEpoch = lastEpoch;
        }
        if (pending.remaining() < length) {
            var grown = Blocks.allocate(Blocks.roundUp(
                    Math.max(2 * pending.capacity(), pending.position() + GroupHeader.SIZE_BYTES + length)));
            pending = pending.position() == 0 ? grown.position(GroupHeader.SIZE_BYTES) : grown.put(pending.flip());
        }
        pending.put(entry);
        pendingEntries++;
        lastEpoch = given.epoch();
    }

    private void writePending() throws IOException {
        var file = target;
        if (file == null || pendingEntries == 0) {
            return;
        }
        var length = pending.position() - GroupHeader.SIZE_BYTES;
        // A witness for no more than itself: what the writer of the lost group knew is not known any more.
        var header = new GroupHeader(
                segment.sequence(), pendingLsn, pendingEpoch, pendingLsn, length, pendingEntries, pendingChain);
        var image = Blocks.allocate(header.fileBytes());
        image.put(pending.flip()).rewind();
        header.write(image, 0);
        write(file, image);
        beginGroup();
    }

    private void write(LogFile file, ByteBuffer group) throws IOException {
        if (position + group.remaining() > segment.segmentBytes()) {
            throw new IOException("what belongs into " + segment + " does not fit it any more");
        }
        var length = group.remaining();
        file.write(group, position);
        position += length;
    }

    private Progress finish(LogFile file) throws IOException {
        file.force();
        var again = new SegmentScanner(new BlockReader(WINDOW_BYTES));
        again.begin(file, segment.header());
        while (again.lsn() < next.baseLsn()) {
            if (!again.next()) {
                return failed("read back: " + again.defect());
            }
        }
        if (again.lsn() != next.baseLsn() || again.chain() != next.header().chain()) {
            return failed(String.format(
                    Locale.ROOT,
                    "read back, it ends at %s in %08x, and %s goes on behind %08x",
                    again.lsn(),
                    again.chain(),
                    next,
                    next.header().chain()));
        }
        file.close();
        target = null;
        directory.rename(name(), SegmentName.of(segment.sequence()));
        directory.sync();
        table.replaced(segment, directory);
        return new Progress.Done();
    }

    private Progress failed(String why) {
        return abandoned(new Progress.Failed(why));
    }

    private Progress abandoned(Progress end) {
        close();
        return end;
    }

    /// Gives up what is not finished.
    @Override
    public void close() {
        var file = target;
        target = null;
        if (file == null) {
            return;
        }
        try {
            file.close();
            directory.delete(name());
        } catch (IOException remains) {
            // The next rebuild or the next start deletes it.
        }
    }
}
