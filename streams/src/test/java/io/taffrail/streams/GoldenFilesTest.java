package io.taffrail.streams;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Locale;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/// The bytes of checkpoints and index files, as `src/test/resources/golden/*.hex` has them: lines of 32 bytes,
/// those that are all zero left out. `-Dgolden=update` writes them anew; a difference is a new format version.
class GoldenFilesTest {
    private static final int LINE_BYTES = 32;
    private static final StreamStoreConfig EVERY_TIME =
            new StreamStoreConfig(1, 0, 1_000, 1_000, 1_000, 1_000, 1 << 30, 1_000_000, 2, 8, 1_000);

    private final TestLog log = new TestLog();
    private final MemoryDirectory directory = new MemoryDirectory();

    @Test
    void checkpointsAndIndexFilesKeepTheirBytes() throws IOException {
        var store = write();
        for (var name : directory.list()) {
            compare(name, directory.file(name).bytes);
        }
        assertEquals(2, directory.list().size());
        assertEquals(0x14581c9da4d35a14L, store.digest());
    }

    @Test
    void whatAnEarlierVersionWroteIsReadBack() throws IOException {
        var store = write();
        var earlier = new MemoryDirectory();
        for (var name : directory.list()) {
            var content = new MemoryDirectory.Content();
            content.bytes = golden(name, directory.file(name).bytes.length);
            earlier.files.put(name, content);
        }
        var restored = StreamStore.open(earlier, Runnable::run, EVERY_TIME);
        assertEquals(store.appliedLsn(), restored.appliedLsn());
        assertEquals(store.digest(), restored.digest());
        assertEquals(store.locate(1, 0, 10), restored.locate(1, 0, 10));
    }

    private StreamStore write() {
        var store = StreamStore.open(directory, Runnable::run, EVERY_TIME);
        log.execute(store, new StreamCommand.CreateStream("a", TestLog.config(CommitMode.SYNC, null), false));
        log.create(store, "b");
        log.create(store, "gone");
        var producer = log.register(store, "p");
        for (var sequence = 0; sequence < 7; sequence++) {
            log.nowMillis += 10;
            log.append(store, log.intent("a", producer, 0, sequence, 2, sequence));
            log.append(store, log.plain("b", 1));
        }
        log.execute(store, new StreamCommand.TrimStream("a", 5));
        log.execute(store, new StreamCommand.FenceStream("b", 9));
        log.execute(store, new StreamCommand.CommitCursor("a", "c", 6, OptionalLong.empty()));
        log.execute(store, new StreamCommand.DeleteStream("gone"));
        store.checkpointIfDue(log.endLsn());
        return store;
    }

    private static void compare(String name, byte[] actual) throws IOException {
        if ("update".equals(System.getProperty("golden"))) {
            var target = Path.of("src/test/resources/golden", name + ".hex");
            Files.createDirectories(requireNonNull(target.getParent()));
            Files.writeString(target, hex(actual));
        }
        assertEquals(new String(resource(name), StandardCharsets.UTF_8), hex(actual));
    }

    private static String hex(byte[] bytes) {
        var lines = new StringBuilder();
        for (var at = 0; at < bytes.length; at += LINE_BYTES) {
            var line = HexFormat.of().formatHex(bytes, at, at + LINE_BYTES);
            if (!line.matches("0*")) {
                lines.append(String.format(Locale.ROOT, "%06x %s%n", at, line));
            }
        }
        return lines.toString();
    }

    private static byte[] golden(String name, int size) throws IOException {
        var bytes = new byte[size];
        for (var line :
                new String(resource(name), StandardCharsets.UTF_8).lines().toList()) {
            var at = Integer.parseInt(line.substring(0, 6), 16);
            System.arraycopy(HexFormat.of().parseHex(line.substring(7)), 0, bytes, at, LINE_BYTES);
        }
        return bytes;
    }

    private static byte[] resource(String name) throws IOException {
        try (var in = requireNonNull(
                GoldenFilesTest.class.getResourceAsStream("/golden/" + name + ".hex"), "no golden file for " + name)) {
            return in.readAllBytes();
        }
    }
}
