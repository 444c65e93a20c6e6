package io.taffrail.operator.observe;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.taffrail.operator.control.ReplicaChannels.Credentials;
import io.taffrail.operator.crd.LogCluster;
import io.taffrail.operator.observe.ObservedCluster.Certificate;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The Secret that a cluster's TLS goes by.
///
/// @param credentials null: it cannot be used, `certificate` says why
public record TlsReading(
        String secretName,
        Certificate certificate,
        @Nullable Credentials credentials) {
    /// Null: the cluster speaks plaintext.
    public static @Nullable TlsReading read(KubernetesClient client, LogCluster cluster) {
        var tls = cluster.getSpec().tls();
        if (tls == null) {
            return null;
        }
        var secret = client.secrets()
                .inNamespace(cluster.getMetadata().getNamespace())
                .withName(tls.secretName())
                .get();
        if (secret == null) {
            return unusable(tls.secretName(), "Secret " + tls.secretName() + " does not exist");
        }
        var certificate = text(secret.getData(), "tls.crt");
        var key = text(secret.getData(), "tls.key");
        var authority = text(secret.getData(), "ca.crt");
        if (certificate.isEmpty() || key.isEmpty() || authority.isEmpty()) {
            return unusable(tls.secretName(), "Secret " + tls.secretName() + " needs tls.crt, tls.key and ca.crt");
        }
        try {
            var x509 = (X509Certificate) CertificateFactory.getInstance("X.509")
                    .generateCertificate(new ByteArrayInputStream(certificate.getBytes(StandardCharsets.UTF_8)));
            return new TlsReading(
                    tls.secretName(),
                    new Certificate(x509.getNotAfter().toInstant(), null),
                    new Credentials(certificate, key, authority));
        } catch (CertificateException e) {
            return unusable(
                    tls.secretName(), "tls.crt of Secret " + tls.secretName() + " cannot be read: " + e.getMessage());
        }
    }

    private static TlsReading unusable(String secretName, String problem) {
        return new TlsReading(secretName, new Certificate(null, problem), null);
    }

    private static String text(@Nullable Map<String, String> data, String key) {
        var encoded = data == null ? null : data.get(key);
        return encoded == null ? "" : new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8);
    }
}
