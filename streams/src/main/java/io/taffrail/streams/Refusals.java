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

    /// @param what is to be added
    static Refusal stateFull(String what, LogState state, StreamStoreConfig limits) {
        return Refusal.of(
                Refusal.Code.TOO_LARGE,
                ("%s: streams with their labels, cursors and producers take %s bytes, and nothing is added from %s on:"
                                + " delete streams or cursors or take labels away; idle producers expire")
                        .formatted(what, state.sizeBytes(), limits.maxStateBytes()));
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
