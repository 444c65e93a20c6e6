package io.taffrail.wal;

/// Counters since the log was opened, and gauges; times in nanoseconds.
///
/// @param flushes completed flushes; with `flushNanos` and `flushedBytes` their totals
/// @param lastFlushNanos how long the newest flush took
/// @param flushedEntries entries that those flushes covered: group size = flushedEntries / flushes
/// @param unflushedAgeNanos age of the oldest byte that is not flushed
/// @param riskWindowNanos longest span of reported and unflushed time since [Wal#open]
public record WalStats(
        long flushes,
        long flushNanos,
        long lastFlushNanos,
        long flushedBytes,
        long flushedEntries,
        long appendedEntries,
        long unflushedBytes,
        long unflushedAgeNanos,
        long riskWindowNanos,
        long segments,
        long diskFreeBytes) {
    /// What was acknowledged from memory and can be lost spans no more than so many writer delays: a flush begins
    /// after one, and the window gate closes after two (wal/README.md, "Positions").
    public static final int RISK_WINDOW_DELAYS = 3;
}
