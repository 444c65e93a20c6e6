package io.taffrail.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.taffrail.wal.record.EntryType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/// The bytes of format version 1. A change here is a new format version: `-Dgolden=update` rewrites the file
/// for review.
class GoldenFormatTest {
    private static final String GOLDEN = "/format/log-v1.txt";

    @Test
    void writesTheBytesOfVersion1() throws IOException {
        var log = new MemoryLog(new MemoryDirectory(), MemoryLog.CONFIG, 0);
        log.wal.append(EntryType.EPOCH_BEGIN, 3, WalFixture.bytes("begin"));
        log.wal.append(EntryType.RECORDS, 3, WalFixture.bytes("two "), WalFixture.bytes("parts"));
        log.flush();
        log.wal.append(EntryType.STREAM_CONTROL, 4, WalFixture.bytes(""));
        log.flush();
        log.wal.append(EntryType.CONFIG, 4, WalFixture.bytes("c".repeat(9000)));
        log.flush();
        var done = new ArrayList<String>();
        try (var slots = SlotFile.open(log.directory, "meta", log.io)) {
            slots.write(WalFixture.bytes("value"), failure -> done.add(String.valueOf(failure)));
            log.settle();
        }
        assertEquals(1, done.size());

        var text = dump(log);
        if ("update".equals(System.getProperty("golden"))) {
            Files.writeString(Path.of("src/test/resources" + GOLDEN), text);
        }
        try (var golden = GoldenFormatTest.class.getResourceAsStream(GOLDEN)) {
            assertNotNull(golden, "golden file");
            assertEquals(new String(golden.readAllBytes(), StandardCharsets.UTF_8), text);
        }
    }

    /// Rows of 16 bytes that are not zero; repeated rows once.
    private static String dump(MemoryLog log) {
        var text = new StringBuilder();
        log.directory.image().forEach((name, bytes) -> {
            text.append(name).append(' ').append(bytes.length).append('\n');
            var previous = "";
            for (var at = 0; at < bytes.length; at += 16) {
                var row = HexFormat.ofDelimiter(" ").formatHex(bytes, at, at + 16);
                if (!row.equals(previous) && !row.equals("00 ".repeat(15) + "00")) {
                    text.append(String.format(Locale.ROOT, "%05x  %s%n", at, row));
                }
                previous = row;
            }
        });
        return text.toString();
    }
}
