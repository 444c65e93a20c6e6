package io.taffrail.service;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// Signs certificates of any age for any address, as nobody should.
final class Authority {
    private static final AtomicLong SERIALS = new AtomicLong(1);
    private static final Duration DAY = Duration.ofDays(1);

    /// PEM texts, as they stand in files.
    record Identity(String certificate, String key, BigInteger serial) {}

    private final X500Principal name;
    private final KeyPair keys = keys();
    private final X509Certificate own;

    Authority(String name) {
        this.name = new X500Principal("CN=" + name);
        own = sign(this.name, keys, true, Instant.now().plus(DAY));
    }

    String certificate() {
        return pem(own);
    }

    /// For 127.0.0.1 and localhost.
    Identity here() {
        return identity(Instant.now().plus(DAY), "127.0.0.1", "localhost");
    }

    Identity expired() {
        return identity(Instant.now().minus(DAY), "127.0.0.1", "localhost");
    }

    Identity elsewhere() {
        return identity(Instant.now().plus(DAY), "elsewhere.example");
    }

    Identity of(String... hosts) {
        return identity(Instant.now().plus(DAY), hosts);
    }

    private Identity identity(Instant notAfter, String... hosts) {
        var own = keys();
        var certificate = sign(new X500Principal("CN=" + hosts[0]), own, false, notAfter, hosts);
        var key = "-----BEGIN PRIVATE KEY-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'})
                        .encodeToString(own.getPrivate().getEncoded())
                + "\n-----END PRIVATE KEY-----\n";
        return new Identity(pem(certificate), key, certificate.getSerialNumber());
    }

    // The builder takes nothing newer.
    @SuppressWarnings("JavaUtilDate")
    private X509Certificate sign(
            X500Principal subject, KeyPair subjectKeys, boolean authority, Instant notAfter, String... hosts) {
        try {
            var builder = new JcaX509v3CertificateBuilder(
                    name,
                    BigInteger.valueOf(SERIALS.getAndIncrement()),
                    Date.from(notAfter.minus(DAY.multipliedBy(3))),
                    Date.from(notAfter),
                    subject,
                    subjectKeys.getPublic());
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
            if (hosts.length > 0) {
                var names = Stream.of(hosts)
                        .map(host -> new GeneralName(
                                host.startsWith("127.") || host.contains(":")
                                        ? GeneralName.iPAddress
                                        : GeneralName.dNSName,
                                host))
                        .toArray(GeneralName[]::new);
                builder.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(names));
            }
            var signer = new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate());
            return new JcaX509CertificateConverter().getCertificate(builder.build(signer));
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        } catch (GeneralSecurityException | OperatorCreationException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static KeyPair keys() {
        try {
            var generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(256);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static String pem(X509Certificate certificate) {
        try {
            return "-----BEGIN CERTIFICATE-----\n"
                    + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(certificate.getEncoded())
                    + "\n-----END CERTIFICATE-----\n";
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
