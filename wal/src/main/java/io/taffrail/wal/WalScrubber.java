package io.taffrail.wal;

import io.taffrail.wal.segment.BlockReader;
import io.taffrail.wal.segment.Segment;
import io.taffrail.wal.segment.SegmentScanner;
import io.taffrail.wal.segment.SegmentTable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Verifies the segments that are no longer written, round and round, a bit at a time: recovery looks at the
/// newest ones only, and a rotten sector is best found while a peer still has the bytes. Reads on the calling
/// thread; the owner chooses how often.
public final class WalScrubber {
    private static final int WINDOW_BYTES = 256 << 10;

    private final SegmentTable segments;
    private final SegmentScanner scanner = new SegmentScanner(new BlockReader(WINDOW_BYTES));
    private @Nullable Segment segment;
    private long nextBaseLsn;
    private boolean retried;

    WalScrubber(SegmentTable segments) {
        this.segments = segments;
    }

    /// @param verifiedBytes of entries, in this step
    /// @param lsn up to where this round has come
    /// @param defect null, or what is wrong behind `lsn`; the rest of that segment was passed over
    /// @param roundDone every segment that was sealed has been verified; the next step begins again
    public record Step(
            long verifiedBytes, long lsn, @Nullable String defect, boolean roundDone) {}

    /// Verifies groups until `maxBytes` of entries are done or something is wrong.
    public Step step(long maxBytes) {
        var verified = 0L;
        while (verified < maxBytes) {
            var current = segment == null ? begin() : segment;
            var next = current == null ? null : segments.after(current);
            if (current == null || next == null) {
                return finishRound(verified);
            }
            var before = scanner.lsn();
            var defect = advance(current, next);
            verified += scanner.lsn() - before;
            if (defect != null && isStillThere(current)) {
                skip(next);
                return new Step(verified, scanner.lsn(), current + ": " + defect, false);
            }
        }
        return new Step(verified, scanner.lsn(), null, false);
    }

    private @Nullable Segment begin() {
        var first = segments.holding(Math.max(nextBaseLsn, firstLsn()));
        if (first == null || segments.after(first) == null) {
            return null;
        }
        try {
            scanner.begin(first.file(), first.header());
        } catch (IOException e) {
            if (retried) {
                throw new WalException.Unusable("scrubbing " + first + ": " + e);
            }
            retried = true;
            return begin();
        }
        segment = first;
        return first;
    }

    private long firstLsn() {
        var first = segments.first();
        return first == null ? 0 : first.baseLsn();
    }

    private @Nullable String advance(Segment current, Segment next) {
        try {
            if (scanner.lsn() < next.baseLsn()) {
                return scanner.next() ? null : scanner.defect();
            }
        } catch (IOException e) {
            // Closed for another's sake, or a sector that cannot be read: begin the segment again, once.
            return retried ? e.toString() : retry();
        }
        var follows = scanner.lsn() == next.baseLsn()
                && scanner.chain() == next.header().chain()
                && next.header().previousSequence() == current.sequence();
        skip(next);
        return follows ? null : next + " does not follow on at " + scanner.lsn();
    }

    private @Nullable String retry() {
        retried = true;
        nextBaseLsn = segment == null ? 0 : segment.baseLsn();
        segment = null;
        return null;
    }

    private void skip(Segment next) {
        retried = false;
        segment = null;
        nextBaseLsn = next.baseLsn();
    }

    /// Trimmed or cut off meanwhile: what was read is nobody's loss.
    private boolean isStillThere(Segment scrubbed) {
        if (segments.holding(scrubbed.baseLsn()) == scrubbed) {
            return true;
        }
        segment = null;
        return false;
    }

    private Step finishRound(long verified) {
        segment = null;
        nextBaseLsn = 0;
        return new Step(verified, scanner.lsn(), null, true);
    }
}
