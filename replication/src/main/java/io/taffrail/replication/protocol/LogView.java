package io.taffrail.replication.protocol;

import java.util.OptionalInt;

/// What the core may ask of the log: a question, without effect.
@FunctionalInterface
public interface LogView {
    /// `crc` of the entry that ends at `lsn`; empty if no entry ends there, or it has been trimmed away.
    OptionalInt chainCrcAt(long lsn);
}
