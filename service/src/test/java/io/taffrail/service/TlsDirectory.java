package io.taffrail.service;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.Map;

/// As [DataDirectory], with certificates that the test may replace.
public final class TlsDirectory implements QuarkusTestResourceLifecycleManager {
    static final Authority AUTHORITY = new Authority("the cluster's");
    private static final DataDirectory DATA = new DataDirectory();
    private static Path folder = Path.of("");

    @Override
    public Map<String, String> start() {
        var properties = new HashMap<>(DATA.start());
        folder = Path.of(properties.get("taffrail.data-dir"));
        replace(AUTHORITY.here());
        write("ca.crt", AUTHORITY.certificate());
        properties.put("taffrail.tls.certificate", folder.resolve("tls.crt").toString());
        properties.put("taffrail.tls.key", folder.resolve("tls.key").toString());
        properties.put("taffrail.tls.ca", folder.resolve("ca.crt").toString());
        properties.put("taffrail.tls.reload-interval", "100ms");
        return properties;
    }

    /// The key first, as good as any order: the service must not use one with the other's.
    static void replace(Authority.Identity identity) {
        write("tls.key", identity.key());
        write("tls.crt", identity.certificate());
    }

    static void write(String name, String content) {
        try {
            var written = folder.resolve(name + ".new");
            Files.writeString(written, content);
            Files.move(written, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException unwritable) {
            throw new UncheckedIOException(unwritable);
        }
    }

    @Override
    public void stop() {
        DATA.stop();
    }
}
