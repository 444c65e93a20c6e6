package io.taffrail.wal.io;

import java.io.IOException;

/// The folder cannot be this process's log directory: another process holds it, or it does not exist and
/// cannot be made. The message says which, and what to do.
public final class DirectoryUnusableException extends IOException {
    private static final long serialVersionUID = 1;

    public DirectoryUnusableException(String message) {
        super(message);
    }

    public DirectoryUnusableException(String message, IOException cause) {
        super(message, cause);
    }
}
