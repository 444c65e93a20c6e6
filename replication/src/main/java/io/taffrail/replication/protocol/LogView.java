package io.taffrail.replication.protocol;

/// What the core may ask of the log: a question, without effect.
@FunctionalInterface
public interface LogView {
    /// `crc` of the entry that ends somewhere.
    sealed interface Chain {
        record Known(int crc) implements Chain {}

        /// No entry ends there, or it has been trimmed away.
        record None() implements Chain {}

        /// What stands there is not what was written, or cannot be read: nothing is known of it.
        record Unreadable() implements Chain {}
    }

    /// Of the entry that ends at `lsn`.
    Chain chainAt(long lsn);
}
