package io.taffrail.operator.crd;

import java.time.Duration;
import java.util.regex.Pattern;

/// A duration of one unit, a subset of what CEL's `duration()` reads: `10ms`, `168h`.
public final class TimeSpan {
    public static final String PATTERN = "^[0-9]{1,9}(us|ms|s|m|h)$";
    private static final Pattern SHAPE = Pattern.compile("([0-9]{1,9})(us|ms|s|m|h)");

    /// As the server has it.
    private static final Duration LONGEST_RETENTION = Duration.ofDays(36_500);

    private TimeSpan() {}

    /// `retention.age`, of a cluster or a stream.
    public static Duration retention(String text) {
        var field = "retention.age";
        var age = parse(field, text);
        if (age.compareTo(LONGEST_RETENTION) > 0) {
            throw new UnreadableFieldException(field, text, "at most 876000h; without it records are kept for ever");
        }
        return age;
    }

    /// `UnreadableFieldException` where the text is not one.
    ///
    /// @param field its path below `spec`
    public static Duration parse(String field, String text) {
        var match = SHAPE.matcher(text);
        if (!match.matches()) {
            throw new UnreadableFieldException(
                    field, text, "a number of at most nine digits and us, ms, s, m or h, such as 10ms or 168h");
        }
        var count = Long.parseLong(match.group(1));
        return switch (match.group(2)) {
            case "us" -> Duration.ofNanos(Math.multiplyExact(count, 1_000));
            case "ms" -> Duration.ofMillis(count);
            case "s" -> Duration.ofSeconds(count);
            case "m" -> Duration.ofMinutes(count);
            default -> Duration.ofHours(count);
        };
    }
}
