package io.taffrail.streams;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FileNameTest {
    private final Locale before = Locale.getDefault();

    @AfterEach
    void speakAsBefore() {
        Locale.setDefault(before);
    }

    /// Or a process that was started with another LANG would look for other files.
    @Test
    void isTheSameInEveryLanguage() {
        for (var language : new Locale[] {Locale.ROOT, Locale.of("ar", "EG"), Locale.of("fa", "IR"), Locale.of("tr")}) {
            Locale.setDefault(language);
            assertEquals("0000000000000010-00000000000000ff-12.index", new FileName.Index(16, 255, 12).toString());
            assertEquals("0000000000000010.checkpoint", new FileName.Checkpoint(16).toString());
        }
    }
}
