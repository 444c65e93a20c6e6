package io.taffrail.service;

import org.jspecify.annotations.Nullable;

/// A port cannot be listened on, mostly because somebody else does: the start ends with that.
final class PortRefusedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    PortRefusedException(String option, String host, String port, Throwable cause) {
        super(text(option, host, port, cause.getMessage()), cause);
    }

    /// @param option that chooses the port
    static String text(String option, String host, String port, @Nullable String why) {
        return "port %s (%s) of %s cannot be listened on: %s".formatted(port, option, host, why);
    }
}
