package io.taffrail.wal;

import io.taffrail.wal.io.Errno;
import java.io.IOException;

/// A promise of the log that does not hold. Expected outcomes are values, not exceptions.
public abstract sealed class WalException extends RuntimeException {
    private static final long serialVersionUID = 1;

    protected WalException(String message) {
        super(message);
    }

    protected WalException(String message, Throwable cause) {
        super(message, cause);
    }

    /// For what could not be opened: [NoRoom] if the disk is full, otherwise [Unusable].
    public static WalException of(String what, IOException cause) {
        return Errno.isNoRoom(cause)
                ? new NoRoom(what + ": " + Errno.describe(cause))
                : new Unusable(what + ": " + cause, cause);
    }

    /// The LSN is below the log's start, above its end, or within an entry.
    public static final class OutOfRange extends WalException {
        private static final long serialVersionUID = 1;

        public OutOfRange(String message) {
            super(message);
        }
    }

    /// An entry that was offered or read fails its checksum or does not follow the one before it.
    public static final class BadEntry extends WalException {
        private static final long serialVersionUID = 1;

        public BadEntry(String message) {
            super(message);
        }
    }

    /// What stands in the log at a position, and has to be read, is not what was written. Nothing has been changed.
    public static final class Damaged extends WalException {
        private static final long serialVersionUID = 1;
        private final long lsn;

        public Damaged(long lsn, String message) {
            super(message);
            this.lsn = lsn;
        }

        public long lsn() {
            return lsn;
        }
    }

    /// The disk is full, and nothing that counts has been changed: the same may work later.
    public static final class NoRoom extends WalException {
        private static final long serialVersionUID = 1;

        public NoRoom(String message) {
            super(message);
        }
    }

    /// The directory cannot be used: locked by another process, of another format, not readable.
    public static final class Unusable extends WalException {
        private static final long serialVersionUID = 1;

        public Unusable(String message) {
            super(message);
        }

        public Unusable(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
