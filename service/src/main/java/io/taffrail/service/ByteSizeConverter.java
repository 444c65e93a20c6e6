package io.taffrail.service;

import java.util.regex.Pattern;
import org.eclipse.microprofile.config.spi.Converter;

/// `4096`, `64Ki`, `64Mi`, `1Gi`, `2Ti` (powers of 1,024) or `64k`, `64M`, `1G`, `2T` (of 1,000), as in Kubernetes.
public final class ByteSizeConverter implements Converter<Long> {
    private static final long serialVersionUID = 1;
    private static final Pattern FORM = Pattern.compile("(\\d{1,18})(Ki|Mi|Gi|Ti|k|M|G|T)?");

    @Override
    public Long convert(String value) {
        var form = FORM.matcher(value.strip());
        if (!form.matches()) {
            throw refused(value);
        }
        var unit = form.group(2);
        long factor = unit == null
                ? 1
                : switch (unit) {
                    case "Ki" -> 1L << 10;
                    case "Mi" -> 1L << 20;
                    case "Gi" -> 1L << 30;
                    case "Ti" -> 1L << 40;
                    case "k" -> 1_000L;
                    case "M" -> 1_000_000L;
                    case "G" -> 1_000_000_000L;
                    default -> 1_000_000_000_000L;
                };
        try {
            return Math.multiplyExact(Long.parseLong(form.group(1)), factor);
        } catch (ArithmeticException overflow) {
            throw new IllegalArgumentException(refused(value).getMessage(), overflow);
        }
    }

    private static IllegalArgumentException refused(String value) {
        return new IllegalArgumentException("\"" + value
                + "\" is not a size: allowed are a whole number of bytes and Ki, Mi, Gi, Ti, k, M, G or T, like 64Mi");
    }
}
