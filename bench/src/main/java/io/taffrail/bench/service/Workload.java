package io.taffrail.bench.service;

import java.util.Locale;

/// What a run asks of the service.
///
/// @param sizeBytes of a record's value
record Workload(Kind kind, int sizeBytes) {
    enum Kind {
        /// One record outstanding.
        W1,
        /// 64 records outstanding.
        W2,
        /// As many as the client's batches take.
        W3,
        /// As W2, the records in turn to 1,000 streams.
        W4,
        /// 1 GiB, or what `--read-bytes` says, is written and read back; the reading is timed.
        W5,
        /// 1,000 records a second to a consumer at the tail, timed from the append to the consumer.
        W6
    }

    private static final int DEFAULT_SIZE_BYTES = 1024;

    /// `W3`, or `W3:100` for a size of its own.
    static Workload parse(String text) {
        var parts = text.trim().split(":", 2);
        return new Workload(
                Kind.valueOf(parts[0].toUpperCase(Locale.ROOT)),
                parts.length == 1 ? DEFAULT_SIZE_BYTES : Integer.parseInt(parts[1]));
    }
}
