package io.taffrail.wal;

import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.record.EntryHeader;
import io.taffrail.wal.segment.BlockReader;
import io.taffrail.wal.segment.Blocks;
import io.taffrail.wal.segment.GroupHeader;
import io.taffrail.wal.segment.Recovery;
import io.taffrail.wal.segment.SegmentHeader;
import io.taffrail.wal.segment.SegmentName;
import io.taffrail.wal.segment.SegmentScanner;
import io.taffrail.wal.segment.SegmentTable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Looks at a log's files and changes nothing; the log need not be in order. For people and tools, on a
/// directory that no process writes to.
public final class WalInspector {
    private static final int WINDOW_BYTES = 1 << 20;

    private final LogDirectory directory;

    public WalInspector(LogDirectory directory) {
        this.directory = directory;
    }

    /// @param header null: the file has no valid one
    /// @param prepared nothing but zeros: ready for the log to go on in
    public record SegmentSummary(
            String name, long sizeBytes, @Nullable SegmentHeader header, boolean prepared) {}

    /// @param position in the file
    public record GroupSummary(String segment, long position, GroupHeader header) {}

    /// @param detail where the log ends, and the evidence for the verdict
    public record Verification(
            long startLsn,
            long endLsn,
            long lastEpoch,
            int chainCrc,
            long entries,
            long bytesRead,
            RecoveryReport.Verdict verdict,
            String detail) {}

    /// In the order of their sequence numbers.
    public List<SegmentSummary> segments() throws IOException {
        var summaries = new ArrayList<SegmentSummary>();
        var reader = new BlockReader(Blocks.BLOCK_BYTES);
        for (var name : directory.list()) {
            if (!SegmentName.matches(name)) {
                continue;
            }
            try (var file = directory.open(name)) {
                reader.use(file);
                var index = reader.load(0, Blocks.BLOCK_BYTES);
                var header = index < 0 ? null : SegmentHeader.read(reader.buffer(), index);
                summaries.add(new SegmentSummary(
                        name, file.sizeBytes(), header, header == null && index >= 0 && reader.isZero(index)));
            }
        }
        return summaries;
    }

    /// The valid groups of a segment, with their entries, up to the first that is not. Returns why it
    /// stopped there.
    public String read(String name, Consumer<GroupSummary> groups, Consumer<EntryHeader> entries) throws IOException {
        try (var file = directory.open(name)) {
            var reader = new BlockReader(WINDOW_BYTES);
            reader.use(file);
            var index = reader.load(0, Blocks.BLOCK_BYTES);
            var header = index < 0 ? null : SegmentHeader.read(reader.buffer(), index);
            if (header == null) {
                return "no valid segment header";
            }
            var scanner = new SegmentScanner(reader);
            scanner.begin(file, header);
            while (scanner.next()) {
                groups.accept(new GroupSummary(name, scanner.groupPosition(), scanner.group()));
                var at = scanner.entriesIndex();
                for (var end = at + scanner.group().lengthBytes(); at < end; ) {
                    var entry = EntryHeader.read(scanner.buffer(), at);
                    entries.accept(entry);
                    at += entry.lengthBytes();
                }
            }
            return scanner.defect();
        }
    }

    /// Verifies every byte of the log and decides as recovery would.
    public Verification verify() throws IOException {
        var entries = new long[1];
        var found =
                Recovery.dryRun(directory, (header, payload) -> entries[0]++).run(new SegmentTable());
        return new Verification(
                found.startLsn(),
                found.end().lsn(),
                found.end().epoch(),
                found.end().chain(),
                entries[0],
                found.scannedBytes(),
                Wal.verdict(found.ending()),
                found.detail());
    }
}
