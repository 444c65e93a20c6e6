package io.taffrail.service;

import java.time.Duration;
import java.util.regex.Pattern;
import org.eclipse.microprofile.config.spi.Converter;

/// `500us`, `10ms`, `1s`, `5m`, `168h`, `7d`. A number without a unit is refused: nobody can know what was meant.
public final class DurationConverter implements Converter<Duration> {
    static final String ALLOWED = "a whole number and us, ms, s, m, h or d, like 10ms";
    private static final long serialVersionUID = 1;
    private static final Pattern FORM = Pattern.compile("(\\d{1,15})(us|ms|s|m|h|d)");

    @Override
    public Duration convert(String value) {
        var form = FORM.matcher(value.strip());
        if (!form.matches()) {
            throw new IllegalArgumentException("\"" + value + "\" is not a duration: allowed are " + ALLOWED);
        }
        var amount = Long.parseLong(form.group(1));
        try {
            return switch (form.group(2)) {
                case "us" -> Duration.ofNanos(Math.multiplyExact(amount, 1_000));
                case "ms" -> Duration.ofMillis(amount);
                case "s" -> Duration.ofSeconds(amount);
                case "m" -> Duration.ofMinutes(amount);
                case "h" -> Duration.ofHours(amount);
                default -> Duration.ofDays(amount);
            };
        } catch (ArithmeticException overflow) {
            throw new IllegalArgumentException("\"" + value + "\" is too long a duration", overflow);
        }
    }

    /// In the largest unit of which it is a whole number.
    static String text(Duration duration) {
        // Whole seconds may be more than a long holds nanoseconds: 292 years. What has a fraction is never so long.
        if (duration.toNanosPart() != 0) {
            return duration.toNanosPart() % 1_000_000 == 0
                    ? duration.toMillis() + "ms"
                    : duration.toNanos() / 1_000 + "us";
        }
        var seconds = duration.toSeconds();
        if (seconds == 0 || seconds % 60 != 0) {
            return seconds + "s";
        }
        if (seconds % 3_600 != 0) {
            return seconds / 60 + "m";
        }
        return seconds % 86_400 == 0 ? seconds / 86_400 + "d" : seconds / 3_600 + "h";
    }
}
