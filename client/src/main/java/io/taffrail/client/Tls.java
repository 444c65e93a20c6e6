package io.taffrail.client;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Encryption, and whom to trust. All files are PEM.
///
/// @param trustedCertificates null: the authorities that the JDK trusts
/// @param certificateChain with `privateKey`, who this client is, where the service asks (mutual TLS)
/// @param serverName what the certificate must be for; null: the endpoint's host
public record Tls(
        @Nullable Path trustedCertificates,
        @Nullable Path certificateChain,
        @Nullable Path privateKey,
        @Nullable String serverName) {
    public Tls {
        if ((certificateChain == null) != (privateKey == null)) {
            throw new IllegalArgumentException("certificateChain and privateKey belong together: give both or neither");
        }
    }

    public static Tls trusting(Path certificates) {
        return new Tls(certificates, null, null, null);
    }
}
