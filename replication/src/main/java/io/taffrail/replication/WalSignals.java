package io.taffrail.replication;

import io.taffrail.wal.WalListener;
import org.jspecify.annotations.Nullable;

/// What the log says while it works; the loop looks at it afterwards. Positions are read from the log itself.
final class WalSignals implements WalListener {
    private @Nullable String failure;

    @Override
    public void flushed(long lsn) {}

    @Override
    public void failed(String message) {
        if (failure == null) {
            failure = message;
        }
    }

    @Nullable
    String failure() {
        return failure;
    }
}
