package io.taffrail.service;

import io.taffrail.service.rpc.HostPort;
import java.util.regex.Pattern;

/// A member of a static cluster, as it is configured: `ID=PEER_HOST:PORT/CLIENT_HOST:PORT`.
public record Voter(int nodeId, String peerAddress, String clientAddress) {
    private static final Pattern FORM = Pattern.compile("(\\d{1,9})=([^/]+)/([^/]+)");

    /// Throws [IllegalArgumentException] for another form.
    public static Voter parse(String text) {
        var form = FORM.matcher(text.strip());
        if (!form.matches() || HostPort.parse(form.group(2)) == null || HostPort.parse(form.group(3)) == null) {
            throw new IllegalArgumentException("\"" + text
                    + "\": allowed is ID=PEER_HOST:PORT/CLIENT_HOST:PORT, like 0=10.0.0.1:9091/10.0.0.1:9090,"
                    + " each address " + HostPort.ALLOWED);
        }
        return new Voter(Integer.parseInt(form.group(1)), form.group(2), form.group(3));
    }
}
