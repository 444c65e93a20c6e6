package io.taffrail.operator.k8s;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.TreeMap;

/// Where the pods are, by the names that a headless Service gives them: a hosts file in place of the DNS.
final class PodNames {
    private final Path file;
    private final Map<String, String> addresses = new TreeMap<>();

    PodNames(Path file) {
        this.file = file;
        write();
    }

    Path file() {
        return file;
    }

    synchronized void put(String namespace, String cluster, int node, String address) {
        addresses.put(cluster + "-" + node + "." + cluster + "-headless." + namespace + ".svc", address);
        write();
    }

    /// A reader finds the old file or the new one.
    private void write() {
        try {
            var next = file.resolveSibling(file.getFileName() + ".next");
            Files.write(
                    next,
                    addresses.entrySet().stream()
                            .map(entry -> entry.getValue() + " " + entry.getKey())
                            .toList());
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
