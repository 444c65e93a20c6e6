package io.taffrail.client;

import io.taffrail.proto.log.Isolation;

/// @param follow wait for what comes; otherwise the reader ends at the tail
/// @param maxRecords 0: no limit
/// @param maxResponseBytes of one message; 0: the service's default
/// @param bufferedResponses messages that may be here and not yet taken; beyond that the service is not asked for more
public record ReaderConfig(
        ReadFrom from,
        boolean follow,
        long maxRecords,
        Isolation isolation,
        int maxResponseBytes,
        int bufferedResponses) {
    public static final ReaderConfig DEFAULTS =
            new ReaderConfig(ReadFrom.earliest(), false, 0, Isolation.ISOLATION_DURABLE, 0, 8);

    public ReaderConfig {
        if (maxRecords < 0 || maxResponseBytes < 0 || bufferedResponses < 1) {
            throw new IllegalArgumentException(
                    "maxRecords %s and maxResponseBytes %s must not be negative, bufferedResponses %s at least 1"
                            .formatted(maxRecords, maxResponseBytes, bufferedResponses));
        }
    }

    public ReaderConfig from(ReadFrom from) {
        return new ReaderConfig(from, follow, maxRecords, isolation, maxResponseBytes, bufferedResponses);
    }

    public ReaderConfig following() {
        return new ReaderConfig(from, true, maxRecords, isolation, maxResponseBytes, bufferedResponses);
    }

    public ReaderConfig isolation(Isolation isolation) {
        return new ReaderConfig(from, follow, maxRecords, isolation, maxResponseBytes, bufferedResponses);
    }

    public ReaderConfig maxRecords(long maxRecords) {
        return new ReaderConfig(from, follow, maxRecords, isolation, maxResponseBytes, bufferedResponses);
    }
}
