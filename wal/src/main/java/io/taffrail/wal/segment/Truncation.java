package io.taffrail.wal.segment;

import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.LogFile;
import io.taffrail.wal.record.EntryCursor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Cuts the log at an entry's start. A flushed block is never written again, so the cut is a new segment that
/// begins at the group that holds the LSN, with a copy of what that group keeps:
///
/// 1. what will go is copied to `diverged/` and flushed
/// 2. the kept part of the group is written to the new segment, and flushed
/// 3. the new segment's header is written and flushed: from here on the log is cut, whatever happens
/// 4. later segments are deleted, the old one is filled with zeros from the group on
///
/// A crash before 3 leaves the log as it was, one after 3 a log that recovery finishes cutting. Blocks.
///
/// A restart is the same without anything that is kept: the new segment begins where another log does.
public final class Truncation {
    /// Most bytes that are kept of one truncation.
    static final long MAX_DIVERGED_BYTES = 256L << 20;

    /// Most bytes that are kept of all truncations: a log that is cut again and again would fill the disk.
    static final long MAX_KEPT_BYTES = 2 * MAX_DIVERGED_BYTES;

    public static final String DIVERGED = "diverged";

    private static final Pattern COPY_NAME = Pattern.compile("[0-9a-f]{16}-[0-9a-f]{16}\\.blocks");

    private final LogDirectory directory;
    private final SegmentTable table;
    private final BlockReader reader;
    private final long lsn;
    private final Cut cut;
    private final boolean restarts;
    /// From here on what goes is not known to be anywhere else.
    private final long divergedLsn;

    private List<Part> diverged = List.of();

    private Truncation(
            LogDirectory directory,
            SegmentTable table,
            BlockReader reader,
            long lsn,
            Cut cut,
            boolean restarts,
            long divergedLsn) {
        this.restarts = restarts;
        this.directory = directory;
        this.table = table;
        this.reader = reader;
        this.lsn = lsn;
        this.cut = cut;
        this.divergedLsn = divergedLsn;
    }

    /// Null: `lsn` is not the start of an entry. Nothing is changed before [#run].
    public static @Nullable Truncation at(long lsn, LogDirectory directory, SegmentTable table) throws IOException {
        var reader = new BlockReader(1 << 20);
        var cut = find(lsn, table, reader);
        return cut == null ? null : new Truncation(directory, table, reader, lsn, cut, false, lsn);
    }

    /// Forgets the whole log: it goes on behind an entry that it does not have. A segment without a
    /// predecessor cuts off everything before it, wherever that ended. `divergedLsn`: segments that reach beyond it
    /// are moved to `diverged/`, the newest first; [Long#MAX_VALUE]: none is.
    public static Truncation restart(
            long lsn, int chain, long epoch, long divergedLsn, LogDirectory directory, SegmentTable table) {
        var cut = new Cut(null, 0, lsn, chain, epoch, null);
        return new Truncation(directory, table, new BlockReader(1 << 20), lsn, cut, true, divergedLsn);
    }

    /// Of a file, what goes and is kept apart.
    private record Part(String file, String copy, long from, long end) {
        long bytes() {
            return end - from;
        }
    }

    private Part part(String file, long from, long end) {
        var copy = String.format(Locale.ROOT, "%016x-%016x.blocks", divergedLsn, SegmentName.sequence(file));
        return new Part(file, copy, from, end);
    }

    /// What stands in front of the cut.
    private record Cut(
            @Nullable Segment segment,
            long position,
            long lsn,
            int chain,
            long epoch,
            @Nullable Kept kept) {}

    /// The part of the group that stays.
    private record Kept(ByteBuffer entries, int count, int chain, long epoch) {}

    /// Finds what goes, to be called before [#run] for the same `sequence`; returns the bytes that a copy of it takes.
    public long plan(long sequence) throws IOException {
        diverged = restarts ? partsOfAll(sequence) : parts(sequence);
        return divergedBytes();
    }

    private long divergedBytes() {
        return diverged.stream().mapToLong(Part::bytes).sum();
    }

    /// Returns where the log goes on. `prepared` is the file of segment `sequence`, all zeros.
    public LogEnd run(LogFile prepared, long sequence, int segmentBytes) throws IOException {
        if (!restarts || !diverged.isEmpty()) {
            saveDiverged();
        }
        var before = cut.segment;
        // A cut at or in a segment's first group leaves nothing of it.
        if (before != null && cut.lsn == before.baseLsn()) {
            before = cut.lsn == 0 ? null : table.holding(cut.lsn - 1);
        }
        var header = new SegmentHeader(
                segmentBytes, sequence, before == null ? 0 : before.sequence(), cut.lsn, cut.epoch, cut.lsn, cut.chain);
        var filePosition = Blocks.BLOCK_BYTES;
        var kept = cut.kept;
        if (kept != null) {
            filePosition += writeKept(kept, prepared, sequence);
        }
        var block = Blocks.allocate(Blocks.BLOCK_BYTES);
        header.write(block, 0);
        prepared.write(block, 0);
        prepared.force();
        var segment = new Segment(header, directory, table);
        segment.attach(prepared);
        forget(before, segment);
        return new LogEnd(
                lsn,
                kept == null ? cut.chain : kept.chain,
                kept == null ? cut.epoch : kept.epoch,
                filePosition,
                sequence + 1);
    }

    private static @Nullable Cut find(long lsn, SegmentTable table, BlockReader reader) throws IOException {
        var segment = table.holding(lsn);
        if (segment == null) {
            return table.first() == null && lsn == 0 ? new Cut(null, 0, 0, 0, 0, null) : null;
        }
        var scanner = new SegmentScanner(reader);
        scanner.begin(segment.file(), segment.header());
        while (true) {
            var cut = new Cut(segment, scanner.position(), scanner.lsn(), scanner.chain(), scanner.epoch(), null);
            if (cut.lsn == lsn) {
                return cut;
            }
            if (!scanner.next()) {
                throw new DamagedSegmentException(
                        scanner.lsn(), "the log cannot be cut at " + lsn + ": " + scanner.defect());
            }
            if (lsn < scanner.lsn()) {
                var kept = keep(scanner, cut, lsn);
                return kept == null ? null : new Cut(segment, cut.position, cut.lsn, cut.chain, cut.epoch, kept);
            }
        }
    }

    private static @Nullable Kept keep(SegmentScanner scanner, Cut cut, long lsn) {
        var cursor = new EntryCursor();
        cursor.reset(cut.lsn, cut.chain, cut.epoch);
        var first = scanner.entriesIndex();
        var end = first + scanner.group().lengthBytes();
        var count = 0;
        while (cursor.lsn() < lsn) {
            var wrong = cursor.accept(scanner.buffer(), first + (int) (cursor.lsn() - cut.lsn), end);
            if (wrong != null) {
                throw new IllegalStateException(wrong);
            }
            count++;
        }
        if (cursor.lsn() != lsn) {
            return null;
        }
        var entries = Blocks.allocate((int) (lsn - cut.lsn));
        entries.put(0, scanner.buffer(), first, entries.capacity());
        return new Kept(entries, count, cursor.chain(), cursor.epoch());
    }

    private int writeKept(Kept kept, LogFile prepared, long sequence) throws IOException {
        var header =
                new GroupHeader(sequence, cut.lsn, cut.epoch, cut.lsn, kept.entries.capacity(), kept.count, cut.chain);
        var image = Blocks.allocate(header.fileBytes());
        header.write(image, 0);
        image.put(GroupHeader.SIZE_BYTES, kept.entries, 0, kept.entries.capacity());
        prepared.write(image, Blocks.BLOCK_BYTES);
        // Before the segment counts, or a torn header block could cut the log without what it keeps.
        prepared.force();
        return image.capacity();
    }

    private List<Part> parts(long newSequence) throws IOException {
        var parts = new ArrayList<Part>();
        var left = MAX_DIVERGED_BYTES;
        for (var name : directory.list()) {
            if (!SegmentName.matches(name) || SegmentName.sequence(name) == newSequence) {
                continue;
            }
            var sequence = SegmentName.sequence(name);
            var old = cut.segment;
            var from = old != null && sequence == old.sequence() ? cut.position : 0;
            if (from == 0 && isKept(sequence)) {
                continue;
            }
            try (var source = directory.open(name)) {
                var end = Math.min(usedBytes(source, from), from + left);
                if (end > from) {
                    left -= end - from;
                    parts.add(part(name, from, end));
                }
            }
        }
        return parts;
    }

    /// Whole files: where in one the logs part, only entries tell, and some of these may be damaged.
    private List<Part> partsOfAll(long newSequence) throws IOException {
        var parts = new ArrayList<Part>();
        var left = MAX_DIVERGED_BYTES;
        for (var name : divergedLsn == Long.MAX_VALUE
                ? List.<String>of()
                : directory.list().reversed()) {
            if (!SegmentName.matches(name) || SegmentName.sequence(name) == newSequence || endsByDivergence(name)) {
                continue;
            }
            try (var source = directory.open(name)) {
                var end = Math.min(usedBytes(source, 0), left);
                // A header alone says nothing of entries.
                if (end > Blocks.BLOCK_BYTES) {
                    left -= end;
                    parts.add(part(name, 0, end));
                }
            }
        }
        return parts;
    }

    private boolean endsByDivergence(String name) {
        for (var segment : table.all()) {
            if (segment.sequence() == SegmentName.sequence(name)) {
                var next = table.after(segment);
                return next != null && next.baseLsn() <= divergedLsn;
            }
        }
        return false;
    }

    private void saveDiverged() throws IOException {
        var target = directory.subdirectory(DIVERGED);
        deleteOldest(target);
        for (var part : diverged) {
            try (var source = directory.open(part.file)) {
                save(source, part.from, part.end, target, part.copy);
            }
        }
        target.sync();
        target.close();
        directory.sync();
    }

    /// Until there is room for what is to be copied. Later segments have higher numbers, so what has the lowest is
    /// the oldest; a segment that was cut twice was cut further up before.
    private void deleteOldest(LogDirectory target) throws IOException {
        var copies = target.list().stream()
                .filter(name -> COPY_NAME.matcher(name).matches())
                .sorted(Comparator.comparing((String name) -> name.substring(name.indexOf('-')))
                        .thenComparing(Comparator.reverseOrder()))
                .toList();
        var left = MAX_KEPT_BYTES - divergedBytes();
        for (var name : copies.reversed()) {
            // What an attempt at this cut left is about to be replaced.
            if (diverged.stream().anyMatch(part -> part.copy.equals(name))) {
                continue;
            }
            try (var copy = target.open(name)) {
                left -= copy.sizeBytes();
            }
            if (left < 0) {
                target.delete(name);
            }
        }
    }

    private boolean isKept(long sequence) {
        return table.all().stream().anyMatch(segment -> segment.sequence() == sequence && segment.baseLsn() < cut.lsn);
    }

    private long usedBytes(LogFile file, long from) throws IOException {
        reader.use(file);
        reader.forget();
        var used = from;
        for (var at = from; at + Blocks.BLOCK_BYTES <= file.sizeBytes(); at += Blocks.BLOCK_BYTES) {
            var index = reader.load(at, Blocks.BLOCK_BYTES);
            if (index >= 0 && !Blocks.isZero(reader.buffer(), index, index + Blocks.BLOCK_BYTES)) {
                used = at + Blocks.BLOCK_BYTES;
            }
        }
        return used;
    }

    private static void save(LogFile source, long from, long end, LogDirectory diverged, String name)
            throws IOException {
        if (diverged.exists(name)) {
            diverged.delete(name);
        }
        try (var target = diverged.create(name, 0)) {
            var chunk = Blocks.allocate((int) Math.min(1 << 20, end - from));
            for (var at = from; at < end; at += chunk.capacity()) {
                chunk.clear().limit((int) Math.min(chunk.capacity(), end - at));
                var length = chunk.limit();
                while (chunk.hasRemaining() && source.read(chunk, at + chunk.position()) > 0) {
                    // until it is full or the file ends
                }
                target.write(chunk.slice(0, length), at - from);
            }
            target.force();
        }
    }

    private void forget(@Nullable Segment before, Segment newest) throws IOException {
        for (var segment : table.all()) {
            if (restarts || segment.baseLsn() >= cut.lsn) {
                table.remove(segment);
                segment.close();
            }
        }
        table.add(newest);
        for (var name : directory.list().reversed()) {
            if (SegmentName.matches(name)
                    && SegmentName.sequence(name) != newest.sequence()
                    && !isKept(SegmentName.sequence(name))) {
                directory.delete(name);
            }
        }
        directory.sync();
        var old = cut.segment;
        if (before != null && old == before) {
            Recovery.zero(old.file(), cut.position, usedBytes(old.file(), cut.position));
            old.file().force();
            old.cut(cut.lsn);
        }
    }
}
