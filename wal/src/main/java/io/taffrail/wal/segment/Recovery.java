package io.taffrail.wal.segment;

import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.LogFile;
import io.taffrail.wal.record.EntryHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Finds the end of the log after a stop of any kind. First it reads, and decides what the bytes behind the
/// end are; only if no witness says that some of them had been flushed does it change anything. Running it
/// again after a crash in the middle of it decides the same. The table is in wal/README.md, "Recovery".
public final class Recovery {
    /// Segments that are verified at every start; the scrubber verifies the older ones.
    static final int VERIFIED_SEGMENTS = 2;

    private static final int WINDOW_BYTES = 1 << 20;

    private final LogDirectory directory;
    private final int segmentBytes;
    private final boolean durable;
    private final boolean repairs;
    private final long durableHintLsn;
    private final long replayFromLsn;
    private final EntrySink sink;
    private final BlockReader reader = new BlockReader(WINDOW_BYTES);
    private final SegmentScanner scanner = new SegmentScanner(reader);
    private final List<Candidate> all = new ArrayList<>();
    private final List<Candidate> live = new ArrayList<>();
    private @Nullable String witness;
    private boolean garbage;
    private long syncedLsn;

    /// Takes each entry; `payload` is valid during the call.
    @FunctionalInterface
    public interface EntrySink {
        void entry(EntryHeader header, ByteBuffer payload);
    }

    public enum Ending {
        CLEAN,
        TORN,
        CORRUPT
    }

    /// @param syncedLsn the furthest that any group or header of the log says to have been flushed before it
    /// was written
    /// @param prepared file of the segment `end.nextSequence()`, ready to use
    public record Recovered(
            Ending ending,
            long startLsn,
            LogEnd end,
            String detail,
            long scannedBytes,
            long syncedLsn,
            @Nullable LogFile prepared) {}

    /// A file that is named like a segment. Of these there may be more than a process may have open: each is closed
    /// again when what is at hand is done with it.
    private final class Candidate {
        final String name;
        final long sequence;
        private @Nullable LogFile open;
        final @Nullable SegmentHeader header;
        boolean superseded;
        /// Nothing but zeros behind this.
        long usedBytes;

        Candidate(String name, @Nullable SegmentHeader header) {
            this.name = name;
            this.sequence = SegmentName.sequence(name);
            this.header = header;
        }

        LogFile file() throws IOException {
            var file = open;
            if (file == null) {
                file = directory.open(name);
                open = file;
            }
            return file;
        }

        void close() throws IOException {
            var file = open;
            open = null;
            if (file != null) {
                file.close();
            }
        }
    }

    public Recovery(
            LogDirectory directory,
            int segmentBytes,
            boolean durable,
            long durableHintLsn,
            long replayFromLsn,
            EntrySink sink) {
        this(directory, segmentBytes, durable, true, durableHintLsn, replayFromLsn, sink);
    }

    private Recovery(
            LogDirectory directory,
            int segmentBytes,
            boolean durable,
            boolean repairs,
            long durableHintLsn,
            long replayFromLsn,
            EntrySink sink) {
        this.directory = directory;
        this.segmentBytes = segmentBytes;
        this.durable = durable;
        this.repairs = repairs;
        this.durableHintLsn = durableHintLsn;
        this.replayFromLsn = replayFromLsn;
        this.sink = sink;
    }

    /// Decides as recovery would, verifies the whole log and changes nothing.
    public static Recovery dryRun(LogDirectory directory, EntrySink sink) {
        return new Recovery(directory, 0, false, false, 0, 0, sink);
    }

    /// Fills `table`. Throws for a directory that cannot be read or is of a later format.
    public Recovered run(SegmentTable table) throws IOException {
        readHeaders();
        findLive();
        return live.isEmpty() ? recoverEmpty() : recover(table);
    }

    private void readHeaders() throws IOException {
        for (var name : directory.list()) {
            if (!SegmentName.matches(name)) {
                continue;
            }
            try (var file = directory.open(name)) {
                all.add(new Candidate(name, readHeader(name, file)));
            }
        }
    }

    private static @Nullable SegmentHeader readHeader(String name, LogFile file) throws IOException {
        var blocks = new BlockReader(Blocks.BLOCK_BYTES);
        blocks.use(file);
        var index = blocks.load(0, Blocks.BLOCK_BYTES);
        if (index < 0) {
            return null;
        }
        if (SegmentHeader.isOtherVersion(blocks.buffer(), index)) {
            throw new IOException(name + " has format version "
                    + blocks.buffer().getInt(index + 8) + ", this is version " + SegmentHeader.VERSION);
        }
        var header = SegmentHeader.read(blocks.buffer(), index);
        // A header under another file's name says nothing about this file.
        return header != null && header.sequence() == SegmentName.sequence(name) ? header : null;
    }

    private void findLive() {
        var lowestBase = Long.MAX_VALUE;
        for (var candidate : all.reversed()) {
            var header = candidate.header;
            if (header == null) {
                continue;
            }
            if (header.baseLsn() < lowestBase) {
                // Without a predecessor the log begins here, whatever lies below.
                lowestBase = header.previousSequence() == 0 ? Long.MIN_VALUE : header.baseLsn();
                live.addFirst(candidate);
            } else {
                candidate.superseded = true;
            }
        }
    }

    private Recovered recoverEmpty() throws IOException {
        for (var candidate : all) {
            examine(candidate, 0, 0);
            candidate.close();
        }
        if (durableHintLsn > 0) {
            witness = "the owner knows that " + durableHintLsn + " was flushed";
        }
        var nextSequence = all.isEmpty() ? 1 : all.getLast().sequence + 1;
        if (witness != null || !repairs) {
            return recovered(ending(), 0, new LogEnd(0, 0, 0, 0, nextSequence), "no segment is readable", null);
        }
        var prepared = keepPrepared(0);
        deleteAllBut(List.of(), prepared);
        return recovered(
                ending(),
                0,
                new LogEnd(0, 0, 0, 0, prepared == null ? nextSequence : prepared.sequence),
                "empty",
                prepared);
    }

    private Recovered recover(SegmentTable table) throws IOException {
        var first = firstToVerify();
        var last = first;
        var cuts = new ArrayList<Long>();
        var stop = "";
        while (true) {
            var candidate = live.get(last);
            var next = last + 1 < live.size() ? headerOf(live.get(last + 1)) : null;
            scanner.begin(candidate.file(), headerOf(candidate));
            syncedLsn = Math.max(syncedLsn, headerOf(candidate).syncedLsn());
            while ((next == null || scanner.lsn() < next.baseLsn()) && scanner.next()) {
                deliver();
            }
            cuts.add(scanner.position());
            stop = scanner.defect();
            if (next == null || scanner.lsn() != next.baseLsn()) {
                break;
            }
            if (next.chain() != scanner.chain()
                    || next.epoch() != scanner.epoch()
                    || next.previousSequence() != candidate.sequence) {
                stop = live.get(last + 1).name + " does not follow on: " + next;
                break;
            }
            candidate.close();
            last++;
        }
        var end = live.get(last);
        var lsn = scanner.lsn();
        examine(end, scanner.position(), lsn);
        for (var candidate : all) {
            if (candidate.sequence > end.sequence && !candidate.superseded) {
                var header = candidate.header;
                if (header != null && header.syncedLsn() > lsn) {
                    witness = candidate.name + " was begun when " + header.syncedLsn() + " was flushed";
                }
                examine(candidate, 0, lsn);
                candidate.close();
            }
        }
        if (durableHintLsn > lsn) {
            witness = "the owner knows that " + durableHintLsn + " was flushed";
        }
        for (var candidate : all) {
            // Trimming deletes files and truncation leaves headers, so this one has lost its own.
            if (candidate.sequence < live.getFirst().sequence && candidate.header == null) {
                witness = candidate.name + " before the log's start has no valid header";
            }
        }
        var detail = end.name + " ends at " + scanner.position() + ", LSN " + lsn + ": " + stop;
        var kept = live.subList(0, last + 1);
        var start = headerOf(live.getFirst()).baseLsn();
        var logEnd = new LogEnd(
                lsn, scanner.chain(), scanner.epoch(), Math.toIntExact(scanner.position()), all.getLast().sequence + 1);
        if (witness != null || !repairs) {
            end.close();
            handOver(kept, table);
            return recovered(ending(), start, logEnd, detail, null);
        }
        for (var i = first; i <= last; i++) {
            clear(live.get(i), cuts.get(i - first));
            if (i < last) {
                live.get(i).close();
            }
        }
        var prepared = keepPrepared(end.sequence);
        deleteAllBut(kept, prepared);
        handOver(kept, table);
        var next = prepared == null ? logEnd.nextSequence() : prepared.sequence;
        return recovered(
                ending(),
                start,
                new LogEnd(lsn, logEnd.chain(), logEnd.epoch(), logEnd.filePosition(), next),
                detail,
                prepared);
    }

    /// The file that the log goes on in is open: the first write is not to fail for want of a descriptor.
    private void handOver(List<Candidate> kept, SegmentTable table) throws IOException {
        for (var candidate : kept) {
            var segment = new Segment(headerOf(candidate), directory, table);
            table.add(segment);
            var file = candidate.open;
            if (file != null) {
                segment.attach(file);
            }
        }
    }

    private Ending ending() {
        return witness != null ? Ending.CORRUPT : garbage ? Ending.TORN : Ending.CLEAN;
    }

    private Recovered recovered(Ending ending, long start, LogEnd end, String detail, @Nullable Candidate prepared)
            throws IOException {
        var evidence = witness == null ? detail : detail + "; but " + witness;
        return new Recovered(
                ending,
                start,
                end,
                evidence,
                reader.bytesRead(),
                Math.min(syncedLsn, end.lsn()),
                prepared == null ? null : prepared.file());
    }

    /// The newest segments, everything from where the owner wants to replay, and the segment in front of a
    /// file that is missing.
    private int firstToVerify() {
        var first = repairs ? Math.max(0, live.size() - VERIFIED_SEGMENTS) : 0;
        while (first > 0 && headerOf(live.get(first)).baseLsn() > replayFromLsn) {
            first--;
        }
        for (var i = 1; i <= first; i++) {
            if (headerOf(live.get(i)).previousSequence() != live.get(i - 1).sequence) {
                return i - 1;
            }
        }
        return first;
    }

    private void deliver() {
        var group = scanner.group();
        syncedLsn = Math.max(syncedLsn, group.syncedLsn());
        if (group.endLsn() <= replayFromLsn) {
            return;
        }
        var bytes = scanner.buffer();
        var index = scanner.entriesIndex();
        for (var at = index; at < index + group.lengthBytes(); ) {
            var header = EntryHeader.read(bytes, at);
            if (header.lsn() >= replayFromLsn) {
                sink.entry(
                        header,
                        bytes.slice(at + EntryHeader.SIZE_BYTES, header.payloadBytes())
                                .order(bytes.order()));
            }
            at += header.lengthBytes();
        }
    }

    /// Looks for witnesses from `position` to the end of the file, and for how far it is not zero.
    private void examine(Candidate candidate, long position, long lsn) throws IOException {
        reader.use(candidate.file());
        var size = candidate.file().sizeBytes();
        candidate.usedBytes = position;
        for (var at = position; at + Blocks.BLOCK_BYTES <= size; at += Blocks.BLOCK_BYTES) {
            var index = reader.load(at, Blocks.BLOCK_BYTES);
            if (index < 0 || Blocks.isZero(reader.buffer(), index, index + Blocks.BLOCK_BYTES)) {
                continue;
            }
            garbage = true;
            candidate.usedBytes = at + Blocks.BLOCK_BYTES;
            var group = GroupHeader.read(reader.buffer(), index);
            if (group != null && group.sequence() == candidate.sequence && group.syncedLsn() > lsn && witness == null) {
                witness = "the group at " + at + " in " + candidate.name + " was written when " + group.syncedLsn()
                        + " was flushed";
            }
        }
    }

    /// Makes the file zero from `cut` on: left there, a stale group could one day stand exactly behind a new
    /// one and be taken for its continuation.
    private void clear(Candidate candidate, long cut) throws IOException {
        var headerWasRead = candidate.usedBytes >= cut;
        if (!headerWasRead) {
            var before = garbage;
            examine(candidate, cut, Long.MAX_VALUE);
            // What a newer segment cut off is not a torn tail.
            garbage = before;
        }
        zero(candidate.file(), cut, candidate.usedBytes);
        if (durable) {
            // A process that died may have left bytes that were written and not flushed: they are read, so
            // they are about to be called flushed.
            candidate.file().force();
        }
    }

    static void zero(LogFile file, long from, long to) throws IOException {
        var zeros = Blocks.allocate((int) Math.min(WINDOW_BYTES, Math.max(Blocks.BLOCK_BYTES, to - from)));
        for (var at = from; at < to; at += zeros.capacity()) {
            file.write(zeros.slice(0, (int) Math.min(zeros.capacity(), to - at)), at);
        }
    }

    private @Nullable Candidate keepPrepared(long behind) throws IOException {
        for (var candidate : all) {
            if (candidate.sequence <= behind || candidate.header != null || candidate.usedBytes > 0) {
                continue;
            }
            if (candidate.file().sizeBytes() == segmentBytes) {
                if (durable) {
                    // It may have been left between its last write and the flush of that.
                    candidate.file().force();
                }
                return candidate;
            }
            candidate.close();
        }
        return null;
    }

    private void deleteAllBut(List<Candidate> kept, @Nullable Candidate prepared) throws IOException {
        for (var candidate : all.reversed()) {
            if (candidate != prepared && !kept.contains(candidate)) {
                directory.delete(candidate.name);
            }
        }
        // Before a byte is accepted: a deleted file that came back could pass for a later segment.
        directory.sync();
    }

    private static SegmentHeader headerOf(Candidate candidate) {
        var header = candidate.header;
        if (header == null) {
            throw new IllegalStateException(candidate.name + " has no header");
        }
        return header;
    }
}
