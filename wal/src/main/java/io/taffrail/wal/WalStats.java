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
        long diskFreeBytes) {}
