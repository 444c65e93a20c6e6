package io.taffrail.service.rpc;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Where a server is reached.
///
/// @param host a name or an address; one of IPv6 without its brackets
public record HostPort(String host, int port) {
    /// What [#parse] takes, for refusals.
    public static final String ALLOWED = "host:port, a port from 1 to 65535, at most 512 bytes";

    /// A member's address stands in the log and in every replica's metadata, whose formats have no room for more.
    private static final int MOST_BYTES = 512;

    private static final int LARGEST_PORT = 65_535;
    private static final Pattern FORM = Pattern.compile("(?:([^\\s/:\\[\\]]+)|\\[([0-9a-fA-F:.]+)]):(\\d{1,5})");

    /// Null: it has another form.
    public static @Nullable HostPort parse(String text) {
        var form = FORM.matcher(text);
        if (!form.matches() || text.getBytes(StandardCharsets.UTF_8).length > MOST_BYTES) {
            return null;
        }
        var name = form.group(1);
        var port = Integer.parseInt(form.group(3));
        return port < 1 || port > LARGEST_PORT ? null : new HostPort(name == null ? form.group(2) : name, port);
    }
}
