package io.taffrail.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.proto.control.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class SettingsReferenceTest {
    private static final Path PAGE = Path.of("..", "docs", "operating", "settings.md");

    @Test
    void thePageIsOfThisCode() throws IOException {
        if ("update".equals(System.getProperty("golden"))) {
            Files.writeString(PAGE, SettingsReference.page());
        }
        assertEquals(
                Files.exists(PAGE) ? Files.readString(PAGE) : "(missing)",
                SettingsReference.page(),
                PAGE + " is not what it is generated from; -Dgolden=update writes it");
    }

    @Test
    void asManyAreLiveAsTheControlServiceChanges() {
        assertEquals(
                Settings.getDescriptor().getFields().size(),
                SettingsReference.entries().stream()
                        .filter(SettingsReference.Entry::live)
                        .count());
    }

    @Test
    void theHelpOfTheCommandLineSaysTheSame() {
        var help = ServeCommand.commandLine().setUsageHelpWidth(500).getUsageMessage(CommandLine.Help.Ansi.OFF);
        for (var name : new String[] {"taffrail.data-dir", "taffrail.peer.port", "taffrail.ready-file"}) {
            var entry = SettingsReference.entries().stream()
                    .filter(each -> each.name().equals(name))
                    .findFirst()
                    .orElseThrow();
            assertTrue(help.contains(entry.description() + " (" + name + ")"), help);
        }
        assertFalse(help.contains("${"), help);
    }
}
