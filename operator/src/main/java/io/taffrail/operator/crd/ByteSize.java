package io.taffrail.operator.crd;

import java.math.BigInteger;
import java.util.Map;
import java.util.regex.Pattern;

/// A number of bytes as Kubernetes writes it: `20Gi`, `64Mi`, `1000`.
public record ByteSize(long bytes) {
    public static final String PATTERN = "^[1-9][0-9]{0,11}(Ki|Mi|Gi|Ti|k|M|G|T)?$";
    private static final Pattern SHAPE = Pattern.compile("([0-9]+)([A-Za-z]*)");
    private static final Map<String, Long> UNITS = Map.of(
            "",
            1L,
            "k",
            1_000L,
            "M",
            1_000_000L,
            "G",
            1_000_000_000L,
            "T",
            1_000_000_000_000L,
            "Ki",
            1L << 10,
            "Mi",
            1L << 20,
            "Gi",
            1L << 30,
            "Ti",
            1L << 40);

    /// `UnreadableFieldException` where the text is not one, or more than a `long` holds.
    ///
    /// @param field its path below `spec`
    public static ByteSize parse(String field, String text) {
        var match = SHAPE.matcher(text);
        var unit = match.matches() ? UNITS.get(match.group(2)) : null;
        if (unit == null) {
            throw new UnreadableFieldException(
                    field, text, "a whole number of bytes, or of Ki, Mi, Gi, Ti, k, M, G or T, such as 20Gi");
        }
        var count = new BigInteger(match.group(1));
        if (count.compareTo(BigInteger.valueOf(Long.MAX_VALUE / unit)) > 0) {
            throw new UnreadableFieldException(field, text, "at most 8388607Ti");
        }
        return new ByteSize(count.longValueExact() * unit);
    }
}
