package io.taffrail.replication.protocol;

import java.util.Locale;

/// Invariants, checked in production too: a replica that stops is repaired, one that goes on with wrong state is
/// believed.
public final class Check {
    private Check() {}

    @SuppressWarnings("AnnotateFormatMethod")
    public static void that(boolean holds, String message, Object... values) {
        if (!holds) {
            throw new BrokenInvariantException(String.format(Locale.ROOT, message, values));
        }
    }

    public static final class BrokenInvariantException extends IllegalStateException {
        private static final long serialVersionUID = 1;

        public BrokenInvariantException(String message) {
            super(message);
        }
    }
}
