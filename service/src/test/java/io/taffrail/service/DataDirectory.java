package io.taffrail.service;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;

/// A replica of its own for the tests of one class: free ports, a folder that goes away with it.
public final class DataDirectory implements QuarkusTestResourceLifecycleManager {
    private Path folder = Path.of("");
    private Map<String, String> more = Map.of();

    /// Settings instead of those below, or beside them.
    @Override
    public void init(Map<String, String> arguments) {
        more = arguments;
    }

    @Override
    public Map<String, String> start() {
        try {
            folder = Files.createTempDirectory("taffrail-service");
        } catch (IOException unwritable) {
            throw new UncheckedIOException(unwritable);
        }
        var settings = new HashMap<>(Map.of(
                "taffrail.data-dir", folder.toString(),
                "taffrail.port", "0",
                "taffrail.peer.port", "0",
                "taffrail.storage.segment-bytes", "8Mi",
                "taffrail.storage.reserve-bytes", "1Mi",
                "taffrail.limits.batch-bytes", "1Mi",
                "taffrail.limits.record-bytes", "256Ki",
                "taffrail.limits.batch-records", "1000",
                "taffrail.limits.connection-memory", "4Mi",
                "taffrail.limits.partial-request-timeout", "5s"));
        settings.putAll(more);
        return settings;
    }

    @Override
    public void stop() {
        try (var files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        } catch (IOException gone) {
            throw new UncheckedIOException(gone);
        }
    }
}
