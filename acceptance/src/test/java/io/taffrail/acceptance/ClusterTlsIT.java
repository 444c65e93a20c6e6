package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.client.Tls;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Three replicas that speak TLS to clients and to each other, and get new certificates while all six levels are
/// written.
class ClusterTlsIT {
    private static final int DAY_SECONDS = 86_400;

    @TempDir
    Path folder;

    @Test
    void certificatesChangeUnderLoadAndNothingIsLost() throws Exception {
        var authority = new KeytoolAuthority(folder);
        var ca = authority.writeCertificate(folder.resolve("ca.crt"));
        try (var cluster = new LocalCluster(folder, 3, Tls.trusting(ca), LocalCluster.PATIENT)) {
            for (var replica : cluster.replicas()) {
                configure(replica, ca);
                authority.issue(30).replace(home(replica));
            }
            cluster.start();
            assertExpiry(cluster.replica(0), 30);
            try (var client = cluster.client()) {
                var load = new Load(cluster, client, _ -> {});
                load.round(new Random(1), 0, false, before -> {
                    for (var replica : cluster.replicas()) {
                        rotate(cluster, replica, authority.issue(90), ca);
                    }
                    cluster.standstills()
                            .assertNobodyElected(
                                    before.epoch(),
                                    cluster.awaitHealthy().epoch(),
                                    "a certificate is no reason for an election");
                });
                assertExpiry(cluster.replica(0), 90);
                // Whoever leads next, and whoever comes back, is met with certificates that nobody had at the start.
                load.round(new Random(2), 1, false, before -> {
                    before.replica().kill();
                    cluster.await(
                            "another leads",
                            () -> cluster.leader()
                                    .filter(leader -> leader.epoch() > before.epoch())
                                    .isPresent());
                    before.replica().start();
                    cluster.awaitHealthy();
                });
            }
        }
    }

    private static Path home(ServiceProcess replica) throws IOException {
        return Files.createDirectories(replica.log().getParent());
    }

    private static void configure(ServiceProcess replica, Path ca) throws IOException {
        var options = new ArrayList<>(replica.options());
        options.addAll(List.of(
                "-D",
                "taffrail.tls.certificate=" + home(replica).resolve("tls.crt"),
                "-D",
                "taffrail.tls.key=" + home(replica).resolve("tls.key"),
                "-D",
                "taffrail.tls.ca=" + ca,
                "-D",
                "taffrail.tls.reload-interval=100ms"));
        replica.options(options);
    }

    private static void rotate(
            LocalCluster cluster, ServiceProcess replica, KeytoolAuthority.Identity identity, Path ca)
            throws Exception {
        identity.replace(home(replica));
        cluster.await("clients see the new certificate", () -> {
            try {
                return serial(replica, ca).equals(identity.certificate().getSerialNumber());
            } catch (IOException | GeneralSecurityException refused) {
                return false;
            }
        });
        cluster.await("its log says so", () -> {
            try {
                return Files.readString(replica.log(), StandardCharsets.UTF_8)
                        .contains("the TLS certificate has changed");
            } catch (IOException unreadable) {
                throw new UncheckedIOException(unreadable);
            }
        });
    }

    /// Of the certificate that the replica shows to clients.
    private static BigInteger serial(ServiceProcess replica, Path ca) throws IOException, GeneralSecurityException {
        var trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (var in = Files.newInputStream(ca)) {
            trusted.setCertificateEntry(
                    "ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        var context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        var address = replica.address().split(":", 2);
        try (var socket =
                (SSLSocket) context.getSocketFactory().createSocket(address[0], Integer.parseInt(address[1]))) {
            var parameters = socket.getSSLParameters();
            parameters.setApplicationProtocols(new String[] {"h2"});
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            return ((X509Certificate) socket.getSession().getPeerCertificates()[0]).getSerialNumber();
        }
    }

    private static void assertExpiry(ServiceProcess replica, int days) throws IOException {
        var seconds = replica.metric("taffrail_tls_certificate_expiry_seconds");
        assertTrue(
                seconds > (days - 1.0) * DAY_SECONDS && seconds <= (double) days * DAY_SECONDS,
                () -> seconds + " s are not about " + days + " days");
    }
}
