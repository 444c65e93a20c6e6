package io.taffrail.streams;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// What streams, cursors and producers may be called, and what a label may hold.
final class Names {
    static final int MAX_BYTES = 255;
    static final int MAX_LABELS = 64;
    static final int MAX_LABEL_VALUE_BYTES = 1024;

    private Names() {}

    /// Null: the name is good; otherwise what is wrong with it, one line.
    static @Nullable String objection(String what, String name) {
        return objection(what, name, 1, MAX_BYTES);
    }

    static @Nullable String objection(String what, String text, int minBytes, int maxBytes) {
        var bytes = 0L;
        for (var i = 0; i < text.length(); i++) {
            var c = text.charAt(i);
            if (Character.isISOControl(c)) {
                return String.format(
                        Locale.ROOT, "%s has the control character U+%04X at %s: none are allowed", what, (int) c, i);
            }
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                bytes += 4;
                i++;
            } else if (Character.isSurrogate(c)) {
                return "%s is not well-formed Unicode at %s: half a surrogate pair".formatted(what, i);
            } else {
                bytes += c < 0x80 ? 1 : c < 0x800 ? 2 : 3;
            }
        }
        if (bytes < minBytes || bytes > maxBytes) {
            return "%s has %s bytes: %s to %s bytes of UTF-8 without control characters are allowed"
                    .formatted(what, bytes, minBytes, maxBytes);
        }
        return null;
    }
}
