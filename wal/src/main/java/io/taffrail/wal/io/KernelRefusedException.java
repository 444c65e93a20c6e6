package io.taffrail.wal.io;

import java.io.IOException;

/// The kernel does not let this process use something. The message says what, why, and what to change.
public final class KernelRefusedException extends IOException {
    private static final long serialVersionUID = 1;

    private final int errno;

    public KernelRefusedException(String operation, int errno) {
        this(operation, errno, Errno.describe(errno));
    }

    public KernelRefusedException(String operation, int errno, String explanation) {
        super(operation + ": " + explanation);
        this.errno = errno;
    }

    public int errno() {
        return errno;
    }
}
