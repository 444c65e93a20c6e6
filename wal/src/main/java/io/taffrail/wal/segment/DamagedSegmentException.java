package io.taffrail.wal.segment;

import java.io.IOException;

/// What stands in a segment from an LSN on is not what was written.
public final class DamagedSegmentException extends IOException {
    private static final long serialVersionUID = 1;
    private final long lsn;

    DamagedSegmentException(long lsn, String message) {
        super(message);
        this.lsn = lsn;
    }

    public long lsn() {
        return lsn;
    }
}
