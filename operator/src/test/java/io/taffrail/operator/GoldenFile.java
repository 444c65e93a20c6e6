package io.taffrail.operator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A generated file that is kept in the repository, so that a reviewer sees what a change does to it.
/// `mvn -pl operator -am test -Dgolden=update` writes it anew.
public final class GoldenFile {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    private GoldenFile() {}

    public static Path root() {
        return ROOT;
    }

    public static void check(String path, String generated) {
        var file = ROOT.resolve(path);
        try {
            if ("update".equals(System.getProperty("golden"))) {
                Files.createDirectories(file.getParent());
                Files.writeString(file, generated);
            }
            assertEquals(
                    Files.exists(file) ? Files.readString(file) : "(missing)",
                    generated,
                    path + " is not what it is generated from; -Dgolden=update writes it");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
