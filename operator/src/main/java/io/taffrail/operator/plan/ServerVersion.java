package io.taffrail.operator.plan;

import java.util.Comparator;
import java.util.Optional;
import java.util.regex.Pattern;

/// A server's version as far as it has an order: `0.2.1` of `0.2.1-rc1`.
public record ServerVersion(int major, int minor, int patch) implements Comparable<ServerVersion> {
    private static final Pattern SHAPE = Pattern.compile("v?([0-9]{1,6})\\.([0-9]{1,6})\\.([0-9]{1,6})([-+].*)?");
    private static final Comparator<ServerVersion> ORDER = Comparator.comparingInt(ServerVersion::major)
            .thenComparingInt(ServerVersion::minor)
            .thenComparingInt(ServerVersion::patch);

    /// Empty: it is a name without an order, such as `latest`.
    public static Optional<ServerVersion> parse(String text) {
        var match = SHAPE.matcher(text);
        return match.matches()
                ? Optional.of(new ServerVersion(
                        Integer.parseInt(match.group(1)),
                        Integer.parseInt(match.group(2)),
                        Integer.parseInt(match.group(3))))
                : Optional.empty();
    }

    @Override
    public int compareTo(ServerVersion other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return major + "." + minor + "." + patch;
    }
}
