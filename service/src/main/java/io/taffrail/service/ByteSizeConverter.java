package io.taffrail.service;

import java.util.List;
import java.util.regex.Pattern;
import org.eclipse.microprofile.config.spi.Converter;

/// `4096`, `64Ki`, `64Mi`, `1Gi`, `2Ti` (powers of 1,024) or `64k`, `64M`, `1G`, `2T` (of 1,000), as in Kubernetes.
public final class ByteSizeConverter implements Converter<Long> {
    static final String ALLOWED = "a whole number of bytes and Ki, Mi, Gi, Ti, k, M, G or T, like 64Mi";

    private record Unit(String suffix, long bytes) {}

    /// The largest first.
    private static final List<Unit> UNITS = List.of(
            new Unit("Ti", 1L << 40),
            new Unit("T", 1_000_000_000_000L),
            new Unit("Gi", 1L << 30),
            new Unit("G", 1_000_000_000L),
            new Unit("Mi", 1L << 20),
            new Unit("M", 1_000_000L),
            new Unit("Ki", 1L << 10),
            new Unit("k", 1_000L),
            new Unit("", 1));

    private static final long serialVersionUID = 1;
    private static final Pattern FORM = Pattern.compile("(\\d{1,18})(Ki|Mi|Gi|Ti|k|M|G|T|)");

    @Override
    public Long convert(String value) {
        var form = FORM.matcher(value.strip());
        if (!form.matches()) {
            throw new IllegalArgumentException(refusal(value));
        }
        var factor = UNITS.stream()
                .filter(unit -> unit.suffix.equals(form.group(2)))
                .findFirst()
                .orElseThrow()
                .bytes;
        try {
            return Math.multiplyExact(Long.parseLong(form.group(1)), factor);
        } catch (ArithmeticException overflow) {
            throw new IllegalArgumentException(refusal(value), overflow);
        }
    }

    /// In the largest unit of which it is a whole number.
    static String text(long bytes) {
        if (bytes == 0) {
            return "0";
        }
        var largest = UNITS.stream()
                .filter(unit -> bytes % unit.bytes == 0)
                .findFirst()
                .orElseThrow();
        return bytes / largest.bytes + largest.suffix;
    }

    private static String refusal(String value) {
        return "\"" + value + "\" is not a size: allowed are " + ALLOWED;
    }
}
