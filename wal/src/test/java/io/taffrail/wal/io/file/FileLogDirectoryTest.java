package io.taffrail.wal.io.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.wal.io.DirectoryUnusableException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class FileLogDirectoryTest {
    private static final List<String> WITHOUT_COMPRESSION = List.of("ext2", "ext3", "ext4", "xfs", "tmpfs", "overlay");

    @TempDir
    Path folder;

    @Test
    void isOneProcessesAlone() throws Exception {
        try (var _ = FileLogDirectory.open(folder, Buffering.BUFFERED)) {
            assertThrows(DirectoryUnusableException.class, () -> FileLogDirectory.open(folder, Buffering.BUFFERED));
            assertEquals("refused", openInAnotherProcess());
        }
        assertEquals("opened", openInAnotherProcess());
        FileLogDirectory.open(folder, Buffering.BUFFERED).close();
    }

    @Timeout(60)
    private String openInAnotherProcess() throws Exception {
        var process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Opener.class.getName(),
                        folder.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (var output = process.inputReader()) {
            return String.valueOf(output.readLine());
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    /// What the other process runs.
    static final class Opener {
        public static void main(String[] arguments) throws IOException {
            try (var _ = FileLogDirectory.open(Path.of(arguments[0]), Buffering.BUFFERED)) {
                System.out.println("opened");
            } catch (DirectoryUnusableException e) {
                System.out.println("refused");
            }
        }
    }

    @Test
    void listsItsFilesInOrderWithoutTheLockOrFolders() throws Exception {
        try (var directory = FileLogDirectory.open(folder, Buffering.DIRECT)) {
            directory.create("b", 0).close();
            directory.create("a", 0).close();
            directory.subdirectory("s").create("c", 0).close();
            assertEquals(List.of("a", "b"), directory.list());
            assertEquals(List.of("c"), directory.subdirectory("s").list());
        }
    }

    @Test
    void createsAFileOfZerosThatTakesItsSpace() throws Exception {
        for (var buffering : Buffering.values()) {
            try (var directory = FileLogDirectory.open(folder, buffering)) {
                for (var length : new long[] {1, 4096, 10_000, 3 << 20}) {
                    try (var file = directory.create("a" + length, length)) {
                        assertEquals(length, file.sizeBytes());
                        var content = ByteBuffer.allocate((int) length + 1);
                        assertEquals(length, file.read(content, 0));
                        assertEquals(ByteBuffer.allocate((int) length), content.flip());
                    }
                    takesItsSpace(folder.resolve("a" + length), length);
                    directory.delete("a" + length);
                }
            }
        }
    }

    private static void takesItsSpace(Path file, long length) throws IOException {
        var type = Files.getFileStore(file).type();
        if (!WITHOUT_COMPRESSION.contains(type)) {
            System.out.println("SKIPPED: what a file of zeros takes on " + type);
            return;
        }
        var stat = new ProcessBuilder("stat", "-c", "%b %B", file.toString()).start();
        try (var output = stat.inputReader()) {
            var numbers = String.valueOf(output.readLine()).split(" ", -1);
            var allocated = Long.parseLong(numbers[0]) * Long.parseLong(numbers[1]);
            assertTrue(allocated >= length, allocated + " bytes are allocated for " + length);
        }
    }

    @Test
    void deletesAtOnceForItsOwnerAndLaterOnTheDisk() throws Exception {
        var background = new ArrayDeque<Runnable>();
        try (var directory = FileLogDirectory.open(folder, Buffering.BUFFERED, background::add)) {
            for (var i = 0; i < 2; i++) {
                try (var file = directory.create("a", 10)) {
                    directory.delete("a");
                    assertFalse(directory.exists("a"));
                    assertEquals(List.of(), directory.list());
                    assertEquals(10, file.read(ByteBuffer.allocate(20), 0));
                }
            }
            assertThrows(NoSuchFileException.class, () -> directory.delete("a"));
            background.remove().run();
        }
        assertEquals(1, filesOnDisk());
        // The other one was left by a process that ended first.
        FileLogDirectory.open(folder, Buffering.BUFFERED).close();
        assertEquals(0, filesOnDisk());
    }

    private long filesOnDisk() throws IOException {
        try (var entries = Files.list(folder)) {
            return entries.filter(entry -> !entry.endsWith("lock")).count();
        }
    }

    @Test
    void keepsAFileThatExists() throws Exception {
        try (var directory = FileLogDirectory.open(folder, Buffering.BUFFERED)) {
            directory.create("a", 10).close();
            assertThrows(FileAlreadyExistsException.class, () -> directory.create("a", 20));
            try (var file = directory.open("a")) {
                assertEquals(10, file.sizeBytes());
            }
        }
    }

    @Test
    void renamesOverWhatIsThereAndSyncs() throws Exception {
        try (var directory = FileLogDirectory.open(folder, Buffering.BUFFERED)) {
            directory.create("a", 10).close();
            directory.create("b", 20).close();
            directory.rename("a", "b");
            directory.sync();
            assertEquals(List.of("b"), directory.list());
            assertEquals(10, Files.size(folder.resolve("b")));
            assertTrue(directory.exists("b"));
            assertFalse(directory.exists("a"));
        }
    }

    @Test
    void changesNothingWhenOpenedForReading() throws Exception {
        try (var owner = FileLogDirectory.open(folder, Buffering.BUFFERED)) {
            owner.create("a", 10).close();
            try (var reader = FileLogDirectory.openReadOnly(folder)) {
                assertThrows(IOException.class, () -> reader.create("b", 0));
                assertThrows(IOException.class, () -> reader.delete("a"));
                assertThrows(IOException.class, () -> reader.rename("a", "b"));
                assertThrows(IOException.class, reader::sync);
                assertEquals(List.of("a"), reader.list());
                try (var file = reader.open("a")) {
                    assertEquals(10, file.sizeBytes());
                }
            }
        }
        assertThrows(DirectoryUnusableException.class, () -> FileLogDirectory.openReadOnly(folder.resolve("none")));
    }

    @Test
    void refusesNamesThatLeadElsewhere() throws Exception {
        try (var directory = FileLogDirectory.open(folder, Buffering.BUFFERED)) {
            for (var name : List.of("", "../a", "a/b", "lock", "..", ".deleted-1-a")) {
                assertThrows(IllegalArgumentException.class, () -> directory.create(name, 0));
            }
        }
    }

    @Test
    void saysWhyADirectoryCannotBeMade() throws Exception {
        var inTheWay = Files.writeString(folder.resolve("file"), "");
        var refusal = assertThrows(
                DirectoryUnusableException.class,
                () -> FileLogDirectory.open(inTheWay.resolve("log"), Buffering.BUFFERED));
        assertTrue(String.valueOf(refusal.getMessage()).contains(inTheWay.toString()));
    }

    @Test
    void saysWhyItIsBufferedThoughDirectWasAskedFor() throws Exception {
        // No folder that refuses O_DIRECT exists on every Linux: that choice and reason agree is checked
        // wherever this runs.
        try (var directory = FileLogDirectory.open(folder, Buffering.DIRECT)) {
            var fellBack = directory.buffering() == Buffering.BUFFERED;
            assertEquals(fellBack, directory.bufferingReason().contains("refuses"));
            try (var file = directory.create("a", 0)) {
                assertEquals(fellBack ? 1 : 4096, file.blockSizeBytes());
            }
        }
    }
}
