package io.taffrail.service;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/// As the build wrote it into `taffrail-version.properties`.
public final class Version implements IVersionProvider {
    public static String current() {
        try (var resource = Version.class.getResourceAsStream("/taffrail-version.properties")) {
            var properties = new Properties();
            if (resource != null) {
                properties.load(resource);
            }
            return properties.getProperty("version", "unknown");
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    @Override
    public String[] getVersion() {
        return new String[] {"taffrail " + current()};
    }
}
