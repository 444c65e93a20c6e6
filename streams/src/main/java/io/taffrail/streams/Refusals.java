package io.taffrail.streams;

import java.util.OptionalLong;

/// Refusals that several rules give.
final class Refusals {
    private Refusals() {}

    static Refusal invalid(String message) {
        return Refusal.of(Refusal.Code.INVALID_ARGUMENT, message);
    }

    static Refusal streamNotFound(String stream) {
        return Refusal.of(Refusal.Code.STREAM_NOT_FOUND, "stream " + quoted(stream) + " does not exist: create it");
    }

    static Refusal outOfRange(String message, long startOffset, long nextOffset) {
        return new Refusal(
                Refusal.Code.OUT_OF_RANGE,
                message,
                OptionalLong.of(startOffset),
                OptionalLong.of(nextOffset),
                OptionalLong.empty(),
                OptionalLong.empty());
    }

    /// A name as a client sent it, short and on one line.
    static String quoted(String text) {
        var quoted = new StringBuilder("\"");
        for (var i = 0; i < Math.min(text.length(), Names.MAX_BYTES); i++) {
            var c = text.charAt(i);
            quoted.append(Character.isISOControl(c) ? '?' : c);
        }
        return quoted.append(text.length() > Names.MAX_BYTES ? "...\"" : "\"").toString();
    }
}
