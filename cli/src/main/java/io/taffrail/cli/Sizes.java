package io.taffrail.cli;

import java.util.Locale;

/// Sizes and rates as people read them, decimal as disks and networks are sold.
final class Sizes {
    private static final String[] UNITS = {"B", "kB", "MB", "GB", "TB", "PB"};

    private Sizes() {}

    static String bytes(long bytes) {
        return bytes((double) bytes);
    }

    static String bytes(double bytes) {
        var unit = 0;
        var value = bytes;
        while (value >= 1_000 && unit < UNITS.length - 1) {
            value /= 1_000;
            unit++;
        }
        return unit == 0
                ? String.format(Locale.ROOT, "%.0f B", value)
                : String.format(Locale.ROOT, "%.1f %s", value, UNITS[unit]);
    }

    static String count(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }

    /// `64Ki`, `8Mi`, `1Gi`, `10k` or a number.
    static long parse(String text) {
        var digits = 0;
        while (digits < text.length() && Character.isDigit(text.charAt(digits))) {
            digits++;
        }
        long factor = switch (text.substring(digits)) {
            case "" -> 1;
            case "k" -> 1_000;
            case "Ki" -> 1 << 10;
            case "M" -> 1_000_000;
            case "Mi" -> 1 << 20;
            case "G" -> 1_000_000_000;
            case "Gi" -> 1 << 30;
            default ->
                throw new IllegalArgumentException(
                        "'" + text + "': a size is a number, or one with k, Ki, M, Mi, G or Gi");
        };
        if (digits == 0) {
            throw new IllegalArgumentException("'" + text + "': a size begins with a number");
        }
        return Math.multiplyExact(Long.parseLong(text.substring(0, digits)), factor);
    }
}
