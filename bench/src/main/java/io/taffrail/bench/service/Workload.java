package io.taffrail.bench.service;

import java.util.Locale;
import java.util.regex.Pattern;

/// What a run asks of the service.
///
/// @param sizeBytes of a record's value
/// @param count what a kind has some of, as it says
record Workload(Kind kind, int sizeBytes, int count) {
    enum Kind {
        /// Producers, each with a connection of its own and one record outstanding.
        W1(1),
        /// One producer, so many records outstanding.
        W2(64),
        /// One producer, so many units of a batch's size outstanding.
        W3(64),
        /// As W2 with 64, the records in turn to so many streams.
        W4(1_000),
        /// 1 GiB, or what `--read-bytes` says, is written and read back; the reading is timed.
        W5(1),
        /// 1,000 records a second to so many consumers at the tail, timed from the append to each consumer.
        W6(1),
        /// Writes so many GiB to the stream that SEEK reads.
        FILL(1),
        /// Records of what FILL wrote, one after the other, each at an offset drawn from all, by a reader of its own.
        SEEK(1);

        private final int usualCount;

        Kind(int usualCount) {
            this.usualCount = usualCount;
        }
    }

    private static final int DEFAULT_SIZE_BYTES = 1024;
    private static final Pattern TEXT = Pattern.compile("([A-Za-z0-9]+?)(?::(\\d{1,8}))?(?:x(\\d{1,6}))?");

    /// `W3`, `W3:100` for a size of its own, `W3:100x8` for a count of its own.
    static Workload parse(String text) {
        var parts = TEXT.matcher(text.trim());
        if (!parts.matches()) {
            throw new IllegalArgumentException("\"" + text + "\" is no workload: W3, W3:SIZE or W3:SIZExCOUNT");
        }
        var kind = Kind.valueOf(parts.group(1).toUpperCase(Locale.ROOT));
        return new Workload(
                kind,
                parts.group(2) == null ? DEFAULT_SIZE_BYTES : Integer.parseInt(parts.group(2)),
                parts.group(3) == null ? kind.usualCount : Integer.parseInt(parts.group(3)));
    }
}
