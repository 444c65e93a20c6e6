package io.taffrail.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class ConfigFileTest {
    private static final String SETTING = "taffrail.writer-delay";

    @TempDir
    Path folder;

    @AfterEach
    void forget() {
        System.clearProperty(ConfigFile.PATH);
        System.clearProperty(SETTING);
    }

    private void chooseFileWith(String name, String content) throws IOException {
        var file = Files.writeString(folder.resolve(name), content);
        assertNull(ConfigFile.choose(file.toString()));
    }

    private static SmallRyeConfig config(Map<String, String> environment) {
        return new SmallRyeConfigBuilder()
                .addDefaultInterceptors()
                .addDefaultSources()
                .addDiscoveredSources()
                .withSources(new EnvConfigSource(environment, 300))
                .build();
    }

    @ParameterizedTest
    @ValueSource(strings = {"replica.properties", "replica.conf", "replica", "with space %41 é.properties"})
    void aFileOfAnyNameIsRead(String name) throws IOException {
        chooseFileWith(name, SETTING + "=20ms\n");
        assertEquals("20ms", config(Map.of()).getConfigValue(SETTING).getValue());
    }

    @Test
    void theEnvironmentIsAboveTheFileAndSystemPropertiesAreAboveBoth() throws IOException {
        chooseFileWith("replica.properties", SETTING + "=20ms\n");
        var environment = Map.of("TAFFRAIL_WRITER_DELAY", "30ms");
        assertEquals("30ms", config(environment).getConfigValue(SETTING).getValue());
        System.setProperty(SETTING, "40ms");
        assertEquals("40ms", config(environment).getConfigValue(SETTING).getValue());
    }

    @ParameterizedTest
    @ValueSource(strings = {"absent.properties", ".", "binary", "half-an-escape", "no\0path"})
    void aFileThatCannotBeReadIsRefused(String name) throws IOException {
        Files.write(folder.resolve("binary"), new byte[] {(byte) 0xff, (byte) 0xfe});
        Files.writeString(folder.resolve("half-an-escape"), "a=\\u12");
        var told = new ByteArrayOutputStream();
        var before = System.err;
        System.setErr(new PrintStream(told, true, StandardCharsets.UTF_8));
        try {
            var file = folder + "/" + name;
            assertEquals(
                    ExitCode.CONFIG_REFUSED.status(), new CommandLine(new ServeCommand()).execute("--config", file));
            assertTrue(
                    told.toString(StandardCharsets.UTF_8).startsWith("taffrail: --config is " + file + ": allowed is "),
                    told.toString(StandardCharsets.UTF_8));
        } finally {
            System.setErr(before);
        }
        assertNull(System.getProperty(ConfigFile.PATH));
    }
}
