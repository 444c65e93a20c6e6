package io.taffrail.service;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.SSLOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Set;

/// PEM files as Vert.x wants them. They are read here, so that a file that is half written is found at once and the
/// certificates in force stay.
final class TlsMapping {
    private static final int DNS_NAME = 2;

    private TlsMapping() {}

    /// What the files hold now.
    record Material(Buffer certificate, Buffer key, Buffer ca) {
        static Material read(ServiceSettings.TlsFiles files) throws IOException {
            return new Material(
                    Buffer.buffer(Files.readAllBytes(files.certificate())),
                    Buffer.buffer(Files.readAllBytes(files.key())),
                    files.ca().isPresent()
                            ? Buffer.buffer(Files.readAllBytes(files.ca().get()))
                            : Buffer.buffer());
        }

        private PemKeyCertOptions own() {
            return new PemKeyCertOptions().addCertValue(certificate).addKeyValue(key);
        }

        private PemTrustOptions trusted() {
            return new PemTrustOptions().addCertValue(ca);
        }
    }

    static HttpServerOptions server(Material material, boolean certificateFromClient) {
        var options = new HttpServerOptions()
                .setSsl(true)
                .setUseAlpn(true)
                .setKeyCertOptions(material.own())
                .setEnabledSecureTransportProtocols(Set.of("TLSv1.3", "TLSv1.2"));
        if (certificateFromClient) {
            options.setClientAuth(ClientAuth.REQUIRED).setTrustOptions(material.trusted());
        }
        return options;
    }

    static SSLOptions reloaded(Material material, boolean certificateFromClient) {
        var options = new SSLOptions()
                .setUseAlpn(true)
                .setKeyCertOptions(material.own())
                .setEnabledSecureTransportProtocols(Set.of("TLSv1.3", "TLSv1.2"));
        return certificateFromClient ? options.setTrustOptions(material.trusted()) : options;
    }

    static HttpClientOptions client(Material material) {
        return new HttpClientOptions()
                .setSsl(true)
                .setUseAlpn(true)
                .setVerifyHost(true)
                .setKeyCertOptions(material.own())
                .setTrustOptions(material.trusted());
    }

    /// Whether a certificate names the host, exactly or by a wildcard for its first label.
    static boolean names(X509Certificate certificate, String host) {
        try {
            var names = certificate.getSubjectAlternativeNames();
            if (names == null) {
                return false;
            }
            return names.stream().anyMatch(name -> matches(name, host));
        } catch (CertificateParsingException unreadable) {
            return false;
        }
    }

    private static boolean matches(List<?> name, String host) {
        var text = String.valueOf(name.get(1));
        if (Integer.valueOf(DNS_NAME).equals(name.getFirst()) && text.startsWith("*.")) {
            var dot = host.indexOf('.');
            return dot > 0 && host.substring(dot).equalsIgnoreCase(text.substring(1));
        }
        return text.equalsIgnoreCase(host);
    }
}
