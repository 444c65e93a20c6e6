package io.taffrail.acceptance;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/// An authority and the certificates that it signs, made by the JDK's own `keytool`.
final class KeytoolAuthority {
    private static final char[] PASSWORD = "taffrail".toCharArray();

    private final Path store;
    private int issued;

    KeytoolAuthority(Path folder) throws IOException, InterruptedException {
        store = folder.resolve("authority.p12");
        keytool("-alias", "ca", "-dname", "CN=the cluster's", "-ext", "bc:c");
    }

    /// @param certificate as it stands in the file
    record Identity(X509Certificate certificate, String certificatePem, String keyPem) {
        /// The key first, as good as any order: nobody may use one with the other's.
        void replace(Path folder) throws IOException {
            write(folder.resolve("tls.key"), keyPem);
            write(folder.resolve("tls.crt"), certificatePem);
        }
    }

    Path writeCertificate(Path file) throws IOException, GeneralSecurityException {
        return write(file, pem("CERTIFICATE", load().getCertificate("ca").getEncoded()));
    }

    /// For every loopback address that a test's replicas listen on.
    Identity issue(int validDays) throws IOException, InterruptedException, GeneralSecurityException {
        var alias = "replica-" + issued++;
        keytool(
                "-alias",
                alias,
                "-signer",
                "ca",
                "-dname",
                "CN=" + alias,
                "-validity",
                String.valueOf(validDays),
                "-ext",
                "san=dns:localhost,ip:127.0.0.1,ip:127.0.0.2,ip:127.0.0.3");
        var entries = load();
        var certificate = (X509Certificate) entries.getCertificate(alias);
        return new Identity(
                certificate,
                pem("CERTIFICATE", certificate.getEncoded()),
                pem("PRIVATE KEY", entries.getKey(alias, PASSWORD).getEncoded()));
    }

    private KeyStore load() throws IOException, GeneralSecurityException {
        var entries = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            entries.load(in, PASSWORD);
        }
        return entries;
    }

    private void keytool(String... options) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-keystore",
                store.toString(),
                "-storetype",
                "PKCS12",
                "-storepass",
                new String(PASSWORD)));
        command.addAll(List.of(options));
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException("keytool: " + said);
        }
    }

    private static String pem(String kind, byte[] encoded) {
        return "-----BEGIN " + kind + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(encoded)
                + "\n-----END " + kind + "-----\n";
    }

    private static Path write(Path file, String content) throws IOException {
        var written = file.resolveSibling(file.getFileName() + ".new");
        Files.writeString(written, content);
        return Files.move(written, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
