package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Conversations of three cores, read as documents: every effect of every step stands in them. `-Dgolden=update`
/// writes them anew from their commands.
class TranscriptTest {
    private static final Path SOURCES = Path.of("src/test/resources/transcripts");

    static Stream<String> transcripts() throws IOException, URISyntaxException {
        var folder = Path.of(Objects.requireNonNull(TranscriptTest.class.getResource("/transcripts"))
                .toURI());
        try (var files = Files.list(folder)) {
            return files.map(file -> String.valueOf(file.getFileName())).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("transcripts")
    void isAsWritten(String name) throws IOException {
        var file = SOURCES.resolve(name);
        List<String> written = Files.readAllLines(file);
        var now = Transcript.run(written);
        if ("update".equals(System.getProperty("golden"))) {
            Files.write(file, now);
        } else {
            assertEquals(String.join("\n", written), String.join("\n", now));
        }
    }
}
