package io.taffrail.service;

import io.smallrye.config.PropertiesConfigSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/// The properties of `--config`. Not `smallrye.config.locations`, which passes over a file whose name ends otherwise
/// than it expects, and which gives a file that a system property names the rank of a system property.
public final class ConfigFile extends PropertiesConfigSource {
    private static final long serialVersionUID = 1;

    /// System property with the path; not below `taffrail.`, where it would be a setting.
    static final String PATH = "io.taffrail.config-file";

    /// Above the defaults in application.properties, 250, and below the environment, 300.
    private static final int ORDINAL = 275;

    /// Called by what builds a configuration, as a service of [org.eclipse.microprofile.config.spi.ConfigSource].
    public ConfigFile() {
        super(chosen(), "--config", ORDINAL);
    }

    /// Makes it the file of every configuration that is built from now on; otherwise returns what keeps it from being
    /// that.
    static @Nullable String choose(String file) {
        try {
            read(Path.of(file));
        } catch (NoSuchFileException absent) {
            return refusal(file, "it does not exist");
        } catch (AccessDeniedException denied) {
            return refusal(file, "this user may not read it");
        } catch (CharacterCodingException binary) {
            return refusal(file, "it is not UTF-8");
        } catch (IOException | IllegalArgumentException unreadable) {
            return refusal(file, unreadable.getMessage());
        }
        System.setProperty(PATH, file);
        return null;
    }

    private static String refusal(String file, @Nullable String why) {
        return "--config is " + file + ": allowed is a properties file that can be read, and " + why;
    }

    private static Map<String, String> chosen() {
        var file = System.getProperty(PATH);
        try {
            return file == null ? Map.of() : read(Path.of(file));
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    private static Map<String, String> read(Path file) throws IOException {
        var properties = new Properties();
        try (var text = Files.newBufferedReader(file)) {
            properties.load(text);
        }
        var named = new HashMap<String, String>();
        properties.stringPropertyNames().forEach(name -> named.put(name, properties.getProperty(name)));
        return named;
    }
}
