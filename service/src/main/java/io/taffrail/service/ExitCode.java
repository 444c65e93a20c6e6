package io.taffrail.service;

/// How the process ends, by sysexits.h where it has a word for it.
public enum ExitCode {
    STOPPED(0),
    USAGE(2),
    /// EX_SOFTWARE: a promise of the code does not hold, or a server could not start.
    FAILED(70),
    /// EX_IOERR: the storage cannot be trusted any more.
    STORAGE_FAILED(74),
    /// EX_TEMPFAIL: another process has the data directory.
    DATA_DIRECTORY_IN_USE(75),
    /// EX_TEMPFAIL: the disk is too full to begin with.
    NO_ROOM(75),
    /// EX_CONFIG.
    CONFIG_REFUSED(78);

    private final int status;

    ExitCode(int status) {
        this.status = status;
    }

    public int status() {
        return status;
    }
}
