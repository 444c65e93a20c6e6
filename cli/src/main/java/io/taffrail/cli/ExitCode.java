package io.taffrail.cli;

/// What a program that runs the command line can tell from its end.
final class ExitCode {
    static final int OK = 0;
    /// The service refused, and would refuse again.
    static final int REFUSED = 1;
    /// The command line is wrong, or a file that it names is, or standard output takes no more.
    static final int USAGE = 2;
    /// No answer, or not in time, or refused for now: the same command may succeed later.
    static final int UNAVAILABLE = 3;
    /// Acknowledged records are lost, or a log is damaged.
    static final int DATA_LOSS = 4;
    /// A bug of ours.
    static final int INTERNAL = 70;

    private ExitCode() {}
}
