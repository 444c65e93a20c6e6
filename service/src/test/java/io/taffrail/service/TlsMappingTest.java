package io.taffrail.service;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import org.junit.jupiter.api.Test;

class TlsMappingTest {
    private static final Authority AUTHORITY = new Authority("the cluster's");

    private static X509Certificate certificate(String... hosts) throws CertificateException {
        var pem = AUTHORITY.of(hosts).certificate().getBytes(StandardCharsets.US_ASCII);
        return (X509Certificate)
                CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(pem));
    }

    @Test
    void anAddressIsNamedHoweverItIsWritten() throws CertificateException {
        var certificate = certificate("fd00::1", "127.0.0.1");
        assertTrue(TlsMapping.names(certificate, "fd00::1"));
        assertTrue(TlsMapping.names(certificate, "FD00:0::0:1"));
        assertTrue(TlsMapping.names(certificate, "127.0.0.1"));
        assertFalse(TlsMapping.names(certificate, "fd00::2"));
        assertFalse(TlsMapping.names(certificate, "fd00.example"));
    }

    @Test
    void aNameIsNamedExactlyOrByAWildcardForItsFirstLabel() throws CertificateException {
        var certificate = certificate("*.log.example", "other.example");
        assertTrue(TlsMapping.names(certificate, "a.LOG.example"));
        assertTrue(TlsMapping.names(certificate, "other.example"));
        assertFalse(TlsMapping.names(certificate, "a.b.log.example"));
        assertFalse(TlsMapping.names(certificate, "log.example"));
    }
}
