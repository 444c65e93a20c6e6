package io.taffrail.streams;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Which streams hold more, or older, batches than they are to keep. Whole batches go, the newest one never.
///
/// A stream is trimmed once it is over its limit by a tenth (of the age, at most an hour), so that it costs an
/// entry of the log now and then and not with every batch.
final class Retention {
    /// Streams that one pass looks at; the next pass goes on behind them.
    static final int STREAMS_PER_PASS = 10_000;

    /// Streams whose batches one pass searches for: that may read files, and the loop waits for them.
    static final int SEARCHES_PER_PASS = 100;

    private static final long MAX_SLACK_MILLIS = 3_600_000;
    private static final long EXPIRY_INTERVAL_MILLIS = 60_000;

    private final Findings findings;
    private String after = "";
    private int searches;
    private long nextExpiryMillis = Long.MIN_VALUE;

    Retention(Findings findings) {
        this.findings = findings;
    }

    List<StreamCommand> pass(LogState state, StreamSettings settings, StreamStoreConfig config, long nowMillis) {
        var commands = new ArrayList<StreamCommand>();
        var seen = 0;
        searches = 0;
        var rest = state.catalog().after(after).iterator();
        while (rest.hasNext() && seen < STREAMS_PER_PASS && searches < SEARCHES_PER_PASS) {
            var stream = rest.next();
            seen++;
            after = stream.name;
            var start = startOffset(stream, settings, nowMillis);
            if (start > stream.startOffset()) {
                commands.add(new StreamCommand.TrimStream(stream.name, start));
            }
        }
        if (!rest.hasNext()) {
            after = "";
        }
        if (nowMillis >= nextExpiryMillis) {
            nextExpiryMillis = nowMillis + EXPIRY_INTERVAL_MILLIS;
            var idleSince = nowMillis - config.producerIdleMillis();
            if (!state.producers().idleSince(idleSince).isEmpty()) {
                commands.add(new StreamCommand.ExpireProducers(idleSince));
            }
        }
        return commands;
    }

    private long startOffset(Stream stream, StreamSettings settings, long nowMillis) {
        var own = stream.config();
        var millis = own.retentionMillis() > 0 ? own.retentionMillis() : settings.retentionMillis();
        var bytes = own.retentionBytes() > 0 ? own.retentionBytes() : settings.retentionBytes();
        var tooOld = millis > 0 && nowMillis - stream.firstMillis() - millis > Math.min(millis / 10, MAX_SLACK_MILLIS);
        var tooLarge = bytes > 0 && stream.sizeBytes() - bytes > bytes / 10;
        if (stream.firstLsn() == Stream.NONE || !(tooOld || tooLarge)) {
            return stream.startOffset();
        }
        var newest = stream.newestBatchOffset;
        if (newest != Stream.NONE && stream.startOffset() >= newest) {
            // It is as small as it gets. Thousands of idle streams are, for ever, and none may cost a read each pass.
            return stream.startOffset();
        }
        searches++;
        try {
            if (newest == Stream.NONE) {
                newest = newestBatchOffset(stream);
                stream.newestBatchOffset = newest;
            }
            var start = stream.startOffset();
            if (tooOld) {
                start = later(start, stream.index().firstSince(nowMillis - millis), newest);
            }
            if (tooLarge) {
                start = later(start, stream.index().firstFromByte(stream.appendedBytes() - bytes), newest);
            }
            return start;
        } catch (CorruptStateException e) {
            // Not trimmed, which loses nothing; the other streams go on. One block may hold batches of a hundred
            // streams.
            findings.add("retention passes over streams whose batches cannot be found: " + e.getMessage());
            return stream.startOffset();
        }
    }

    private static long newestBatchOffset(Stream stream) {
        var newest = stream.index().find(stream.nextOffset() - 1);
        if (newest == null) {
            throw new IllegalStateException("S2 the newest batch of stream " + stream.name + " is in no index");
        }
        return newest.baseOffset();
    }

    private static long later(long start, @Nullable IndexedBatch first, long newestBatchOffset) {
        return Math.max(start, first == null ? newestBatchOffset : first.baseOffset());
    }
}
