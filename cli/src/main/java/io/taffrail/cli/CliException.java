package io.taffrail.cli;

/// Ends the command with one line for people and a code for programs.
final class CliException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int exitCode;

    CliException(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    int exitCode() {
        return exitCode;
    }
}
