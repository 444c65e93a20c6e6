package io.taffrail.wal;

/// What [Wal#open] found.
///
/// @param endLsn where the log goes on
/// @param verdict what stood behind the end
/// @param detail one line for people: the segment, the position, the evidence
public record RecoveryReport(long startLsn, long endLsn, Verdict verdict, String detail, long scannedBytes) {
    public enum Verdict {
        /// Zeros: the writer stopped between flushes.
        CLEAN,
        /// Bytes that had not been flushed; they are overwritten with zeros.
        TORN,
        /// Bytes that some witness says were flushed are gone or wrong: nothing is truncated, the log ends
        /// before them and is not to be trusted until a peer has filled it up.
        CORRUPT
    }
}
