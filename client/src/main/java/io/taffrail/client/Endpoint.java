package io.taffrail.client;

import java.util.Optional;

/// Where a replica's client service listens.
public record Endpoint(String host, int port) {
    public static final int DEFAULT_PORT = 9090;

    public Endpoint {
        if (host.isBlank() || port < 1 || port > 65_535) {
            throw new IllegalArgumentException(
                    "'" + host + "' port " + port + ": want a host and a port of 1 to 65535");
        }
    }

    /// `host`, `host:port` or `[ipv6]:port`.
    public static Endpoint parse(String text) {
        var colon = text.lastIndexOf(':');
        var bracket = text.lastIndexOf(']');
        if (colon <= bracket || (bracket < 0 && text.indexOf(':') != colon)) {
            return new Endpoint(unbracketed(text), DEFAULT_PORT);
        }
        try {
            return new Endpoint(unbracketed(text.substring(0, colon)), Integer.parseInt(text.substring(colon + 1)));
        } catch (NumberFormatException notANumber) {
            throw new IllegalArgumentException(
                    "'" + text + "': the port must be a number, as in host:9090", notANumber);
        }
    }

    /// What someone else says of an address; empty where [#parse] would throw.
    public static Optional<Endpoint> ofHint(String text) {
        try {
            return Optional.of(parse(text));
        } catch (IllegalArgumentException unusable) {
            return Optional.empty();
        }
    }

    private static String unbracketed(String host) {
        return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    }

    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
