package io.taffrail.wal.io.selection;

import java.io.IOException;

/// No method can be had as it was asked for. The message says why and what to change.
public final class IoMethodUnavailableException extends IOException {
    private static final long serialVersionUID = 1;

    public IoMethodUnavailableException(String message) {
        super(message);
    }

    public IoMethodUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}
