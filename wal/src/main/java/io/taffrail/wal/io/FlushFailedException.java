package io.taffrail.wal.io;

import java.io.IOException;

/// What was written to a file since the last flush is unknown, and stays so: the page cache may show bytes
/// that no later flush writes. Whoever starts next has to be told.
public final class FlushFailedException extends IOException {
    private static final long serialVersionUID = 1;

    public FlushFailedException(String message) {
        super(message);
    }

    public FlushFailedException(String message, IOException cause) {
        super(message, cause);
    }

    /// Whether one of these is behind `failure`.
    public static boolean isCauseOf(Throwable failure) {
        for (Throwable at = failure; at != null; at = at.getCause()) {
            if (at instanceof FlushFailedException) {
                return true;
            }
        }
        return false;
    }
}
