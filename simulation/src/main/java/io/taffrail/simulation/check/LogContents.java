package io.taffrail.simulation.check;

import org.jspecify.annotations.Nullable;

/// A log as the ledger looks at it.
public interface LogContents {
    long startLsn();

    long endLsn();

    /// Null: no entry begins there.
    @Nullable
    ObservedEntry at(long lsn);
}
