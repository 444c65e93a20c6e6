package io.taffrail.service;

import io.grpc.netty.GrpcSslContexts;
import io.netty.handler.codec.http2.Http2SecurityUtil;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.SSLOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Set;

/// PEM files as Vert.x wants them. They are read here, so that a file that is half written is found at once and the
/// certificates in force stay.
final class TlsMapping {
    private static final int DNS_NAME = 2;
    private static final int IP_ADDRESS = 7;
    private static final Set<String> PROTOCOLS = Set.of("TLSv1.3", "TLSv1.2");

    private TlsMapping() {}

    /// What the files hold now.
    ///
    /// @param notAfter until when the certificate is good
    record Material(Buffer certificate, Buffer key, Buffer ca, Instant notAfter) {
        /// Throws where a file cannot be read, is no PEM of its kind, or the key is another certificate's, as it is for
        /// a moment while the two are replaced.
        static Material read(ServiceSettings.TlsFiles files) throws IOException {
            var certificate = Files.readAllBytes(files.certificate());
            var key = Files.readAllBytes(files.key());
            var leaf = PemCheck.certificate(files.certificate(), certificate);
            PemCheck.belongsTo(leaf, files.key(), key);
            var ca = new byte[0];
            if (files.ca().isPresent()) {
                ca = Files.readAllBytes(files.ca().get());
                PemCheck.certificate(files.ca().get(), ca);
            }
            return new Material(
                    Buffer.buffer(certificate),
                    Buffer.buffer(key),
                    Buffer.buffer(ca),
                    leaf.getNotAfter().toInstant());
        }

        boolean isExpired(Instant now) {
            return now.isAfter(notAfter);
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
                .setEnabledSecureTransportProtocols(PROTOCOLS);
        if (certificateFromClient) {
            options.setClientAuth(ClientAuth.REQUIRED).setTrustOptions(material.trusted());
        }
        return options;
    }

    /// What a server shows and asks for in a handshake. It speaks HTTP/2 alone.
    static SslContext context(Vertx vertx, Material material, boolean certificateFromClient) throws IOException {
        try {
            var builder = SslContextBuilder.forServer(material.own().getKeyManagerFactory(vertx))
                    .sslProvider(SslProvider.JDK)
                    .protocols(PROTOCOLS)
                    .ciphers(Http2SecurityUtil.CIPHERS, SupportedCipherSuiteFilter.INSTANCE)
                    .applicationProtocolConfig(new ApplicationProtocolConfig(
                            ApplicationProtocolConfig.Protocol.ALPN,
                            ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                            ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                            ApplicationProtocolNames.HTTP_2));
            if (certificateFromClient) {
                builder.trustManager(material.trusted().getTrustManagerFactory(vertx))
                        .clientAuth(io.netty.handler.ssl.ClientAuth.REQUIRE);
            }
            return builder.build();
        } catch (Exception unusable) {
            // Of Vert.x's signatures, which say no more.
            throw new IOException("no TLS can be made of the files: " + unusable.getMessage(), unusable);
        }
    }

    /// For calls to the ports that are for clients, which ask for the certificate or not.
    static SslContext callsAsClient(Vertx vertx, Material material) throws IOException {
        try {
            var builder = GrpcSslContexts.configure(SslContextBuilder.forClient(), SslProvider.JDK)
                    .keyManager(material.own().getKeyManagerFactory(vertx));
            if (material.ca().length() > 0) {
                builder.trustManager(material.trusted().getTrustManagerFactory(vertx));
            }
            return builder.build();
        } catch (Exception unusable) {
            // Of Vert.x's signatures, which say no more.
            throw new IOException("no TLS can be made of the files: " + unusable.getMessage(), unusable);
        }
    }

    static SSLOptions callsToPeersAgain(Material material) {
        return new SSLOptions().setKeyCertOptions(material.own()).setTrustOptions(material.trusted());
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
        return text.equalsIgnoreCase(host)
                || (Integer.valueOf(IP_ADDRESS).equals(name.getFirst()) && isAddress(text, host));
    }

    /// An IPv6 address has many spellings, and a certificate none: the JDK makes one up.
    private static boolean isAddress(String address, String host) {
        try {
            return InetAddress.ofLiteral(address).equals(InetAddress.ofLiteral(host));
        } catch (IllegalArgumentException noLiteral) {
            return false;
        }
    }
}
