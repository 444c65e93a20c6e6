package io.taffrail.replication;

/// How the closed segments of the log are verified while the replica runs.
///
/// @param bytesPerSecond most bytes of the log that are read for it; 0: none are, and damage shows when
/// somebody reads
/// @param intervalNanos from the beginning of one round to that of the next, if it takes no longer
public record ScrubConfig(long bytesPerSecond, long intervalNanos) {
    public static final long MIN_BYTES_PER_SECOND = 64L << 10;
    public static final long MAX_BYTES_PER_SECOND = 1L << 30;

    /// 170 GiB a day, and what a disk reads in a hundredth of its time.
    public static final ScrubConfig DEFAULTS = new ScrubConfig(2L << 20, 7 * 86_400_000_000_000L);

    public static final ScrubConfig OFF = new ScrubConfig(0, 0);
}
