package io.taffrail.wal;

import io.taffrail.wal.segment.BlockReader;
import io.taffrail.wal.segment.Blocks;
import io.taffrail.wal.segment.Segment;
import io.taffrail.wal.segment.SegmentHeader;
import io.taffrail.wal.segment.SegmentScanner;
import io.taffrail.wal.segment.SegmentTable;
import java.io.IOException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Verifies the segments that are no longer written, round and round, a bit at a time: recovery looks at the
/// newest ones only, and a rotten sector is best found while a peer still has the bytes. Reads on the calling
/// thread, one at a time; the owner chooses how often. No truncation or restart may run meanwhile; between
/// two steps they may.
public final class WalScrubber {
    private static final int WINDOW_BYTES = 256 << 10;

    private final SegmentTable segments;
    private final LongSupplier flushed;
    private final BlockReader reader = new BlockReader(WINDOW_BYTES);
    private final SegmentScanner scanner = new SegmentScanner(reader);
    private @Nullable Segment segment;
    private long nextBaseLsn;
    private boolean retried;
    private boolean damaged;

    WalScrubber(SegmentTable segments, LongSupplier flushed) {
        this.segments = segments;
        this.flushed = flushed;
    }

    /// Bytes that are not what was written. From `fromLsn` to `toLsn` nothing can be read; where both are
    /// equal it is the segment's header, which only a start needs.
    public record Damage(long fromLsn, long toLsn, String what) {}

    /// A segment that was verified to its end: its entries begin at `baseLsn` and end at `endLsn`.
    ///
    /// @param whole no damage was found in it
    /// @param chain if it is whole, the `crc` of its last entry
    public record Ended(long baseLsn, long endLsn, boolean whole, int chain) {}

    /// @param verifiedBytes of entries, in this step
    /// @param lsn up to where this round has come
    /// @param damage null, or what is wrong; the next step goes on behind it
    /// @param ended null, or the segment whose end was reached
    /// @param roundDone every segment that was sealed has been verified; the next step begins again
    public record Step(
            long verifiedBytes,
            long lsn,
            @Nullable Damage damage,
            @Nullable Ended ended,
            boolean roundDone) {}

    /// The next step begins with the segment that holds `lsn`.
    public void beginAt(long lsn) {
        segment = null;
        retried = false;
        var holding = segments.holding(lsn);
        nextBaseLsn = holding == null ? 0 : holding.baseLsn();
    }

    /// Verifies groups until `maxBytes` of entries are done, a segment is, or something is wrong.
    public Step step(long maxBytes) {
        var verified = 0L;
        while (verified < maxBytes) {
            var current = segment;
            if (current != null && !isStillThere(current)) {
                segment = null;
                current = null;
            }
            Damage damage = null;
            if (current == null) {
                current = first();
                if (current == null) {
                    return finishRound(verified);
                }
                damage = begin(current);
            }
            var next = segments.after(current);
            if (next == null) {
                return finishRound(verified);
            }
            if (damage == null && segment != null && scanner.lsn() < next.baseLsn()) {
                var before = scanner.lsn();
                damage = advance(current, next);
                verified += damage == null && segment != null ? scanner.lsn() - before : 0;
            }
            if (damage != null && !isStillThere(current)) {
                segment = null;
                continue;
            }
            if (damage != null) {
                damaged = true;
                var over = segment == null ? new Ended(current.baseLsn(), next.baseLsn(), false, 0) : null;
                return new Step(verified, damage.toLsn(), damage, over, false);
            }
            if (segment != null && scanner.lsn() >= next.baseLsn()) {
                return end(verified, current, next);
            }
        }
        return new Step(verified, scanner.lsn(), null, null, false);
    }

    /// Null: no sealed one is left in this round. Sealed is one whose successor has begun on the disk.
    private @Nullable Segment first() {
        var oldest = segments.first();
        if (oldest == null) {
            return null;
        }
        var found = segments.holding(Math.max(nextBaseLsn, oldest.baseLsn()));
        var next = found == null ? null : segments.after(found);
        return next == null || next.baseLsn() > flushed.getAsLong() ? null : found;
    }

    private @Nullable Damage begin(Segment first) {
        damaged = false;
        var base = first.baseLsn();
        try {
            scanner.begin(first.file(), first.header());
            segment = first;
            var index = reader.load(0, Blocks.BLOCK_BYTES);
            var header = index < 0 ? null : SegmentHeader.read(reader.buffer(), index);
            return header != null && isSame(header, first.header())
                    ? null
                    : new Damage(base, base, first + ": its header is not what was written");
        } catch (IOException e) {
            if (!retried) {
                retried = true;
                segment = null;
                nextBaseLsn = base;
                return null;
            }
            var next = segments.after(first);
            skip(next == null ? base : next.baseLsn());
            return next == null ? null : new Damage(base, next.baseLsn(), first + ": " + e);
        }
    }

    /// All but what the writer happened to know when the block was written.
    private static boolean isSame(SegmentHeader onDisk, SegmentHeader expected) {
        return onDisk.sequence() == expected.sequence()
                && onDisk.previousSequence() == expected.previousSequence()
                && onDisk.baseLsn() == expected.baseLsn()
                && onDisk.epoch() == expected.epoch()
                && onDisk.chain() == expected.chain();
    }

    private @Nullable Damage advance(Segment current, Segment next) {
        String defect;
        try {
            if (scanner.next()) {
                return null;
            }
            defect = scanner.defect();
        } catch (IOException e) {
            // Closed for another's sake, or a sector that cannot be read: begin the segment again, once.
            if (!retried) {
                retried = true;
                segment = null;
                nextBaseLsn = current.baseLsn();
                return null;
            }
            defect = e.toString();
        }
        var from = scanner.lsn();
        if (scanner.skipDefect() && scanner.lsn() < next.baseLsn()) {
            // Readers that come to what follows must not walk over what is damaged.
            current.reenter(scanner.lsn(), scanner.position());
            return new Damage(from, scanner.lsn(), current + ": " + defect);
        }
        skip(next.baseLsn());
        return new Damage(from, next.baseLsn(), current + ": " + defect);
    }

    private Step end(long verified, Segment current, Segment next) {
        var lsn = scanner.lsn();
        var chain = scanner.chain();
        skip(next.baseLsn());
        if (lsn != next.baseLsn()
                || chain != next.header().chain()
                || next.header().previousSequence() != current.sequence()) {
            return new Step(
                    verified,
                    lsn,
                    new Damage(current.baseLsn(), next.baseLsn(), next + " does not follow on at " + lsn),
                    new Ended(current.baseLsn(), next.baseLsn(), false, 0),
                    false);
        }
        return new Step(verified, lsn, null, new Ended(current.baseLsn(), lsn, !damaged, chain), false);
    }

    private void skip(long baseLsn) {
        retried = false;
        segment = null;
        nextBaseLsn = baseLsn;
    }

    /// Trimmed or cut off meanwhile: what was read is nobody's loss.
    private boolean isStillThere(Segment scrubbed) {
        return scrubbed.equals(segments.holding(scrubbed.baseLsn()));
    }

    private Step finishRound(long verified) {
        segment = null;
        nextBaseLsn = 0;
        return new Step(verified, scanner.lsn(), null, null, true);
    }
}
