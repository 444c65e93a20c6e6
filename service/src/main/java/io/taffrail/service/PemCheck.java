package io.taffrail.service;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Map;
import java.util.NoSuchElementException;

/// Whether PEM files are what they are said to be, before anything is made of them: Vert.x would take a key that is
/// not the certificate's, and every connection would fail. Messages name the file.
final class PemCheck {
    private static final String KEY_BEGIN = "-----BEGIN PRIVATE KEY-----";
    private static final String KEY_END = "-----END PRIVATE KEY-----";
    private static final byte[] SIGNED = "taffrail".getBytes(StandardCharsets.US_ASCII);

    private static final Map<String, String> SIGNATURES =
            Map.of("RSA", "SHA256withRSA", "EC", "SHA256withECDSA", "EdDSA", "EdDSA");

    private PemCheck() {}

    /// The first certificate of the file.
    static X509Certificate certificate(Path file, byte[] content) throws IOException {
        try {
            var all = CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(content));
            if (all.iterator().next() instanceof X509Certificate first) {
                return first;
            }
        } catch (CertificateException | NoSuchElementException unreadable) {
            throw new IOException(file + " holds no certificate in PEM", unreadable);
        }
        throw new IOException(file + " holds no X.509 certificate");
    }

    /// Looks at RSA, EC and EdDSA keys in PKCS#8; other forms are left to the handshake.
    static void belongsTo(X509Certificate certificate, Path file, byte[] content) throws IOException {
        var text = new String(content, StandardCharsets.ISO_8859_1);
        if (!text.contains("-----BEGIN ") || !text.contains("PRIVATE KEY-----")) {
            throw new IOException(file + " holds no private key in PEM");
        }
        var begin = text.indexOf(KEY_BEGIN);
        if (begin < 0) {
            return;
        }
        var end = text.indexOf(KEY_END, begin);
        if (end < 0) {
            throw new IOException(file + " is cut: it has no " + KEY_END);
        }
        var algorithm = certificate.getPublicKey().getAlgorithm();
        var signatureAlgorithm = SIGNATURES.get(algorithm);
        if (signatureAlgorithm == null) {
            return;
        }
        try {
            var bytes = Base64.getMimeDecoder().decode(text.substring(begin + KEY_BEGIN.length(), end));
            var key = KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(bytes));
            var signature = Signature.getInstance(signatureAlgorithm);
            signature.initSign(key);
            signature.update(SIGNED);
            var signed = signature.sign();
            signature.initVerify(certificate.getPublicKey());
            signature.update(SIGNED);
            if (!signature.verify(signed)) {
                throw new IOException(file + " is not the key of the certificate");
            }
        } catch (GeneralSecurityException | IllegalArgumentException unusable) {
            throw new IOException(file + " is not the key of the certificate: " + unusable.getMessage(), unusable);
        }
    }
}
