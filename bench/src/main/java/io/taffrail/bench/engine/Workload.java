package io.taffrail.bench.engine;

/// What is put on the log.
///
/// @param outstanding entries that are appended and not acknowledged, at most; a new one is appended for each
/// that is
/// @param durable whether the acknowledgement means flushed, or copied into the log's memory
/// @param burst entries between two turns of the loop, at most
record Workload(String name, int payloadBytes, int outstanding, boolean durable, int burst, long writerDelayNanos) {
    static final long DEFAULT_DELAY_NANOS = 10_000_000;

    /// With the entry's and the group's header exactly one block, to be compared with one block of fio's.
    static final Workload ONE_BLOCK = new Workload("one-4k-block", 4096 - 96, 1, true, 1, DEFAULT_DELAY_NANOS);

    static final Workload ONE_4K = new Workload("one-4k-payload", 4096, 1, true, 1, DEFAULT_DELAY_NANOS);
    static final Workload ONE_1K = new Workload("one-1k", 1024, 1, true, 1, DEFAULT_DELAY_NANOS);
    static final Workload SIXTY_FOUR_1K = new Workload("64x1k", 1024, 64, true, 64, DEFAULT_DELAY_NANOS);
    static final Workload SATURATED_100B = new Workload("saturated-100b", 100, 16_384, true, 1024, DEFAULT_DELAY_NANOS);
    static final Workload SATURATED_1K = new Workload("saturated-1k", 1024, 4_096, true, 256, DEFAULT_DELAY_NANOS);
    static final Workload ASYNC_100B = async(DEFAULT_DELAY_NANOS);

    static Workload async(long delayNanos) {
        return new Workload("async-100b-delay-" + delayNanos / 1_000_000 + "ms", 100, 16, false, 16, delayNanos);
    }
}
