package io.taffrail.wal.io.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.taffrail.wal.io.Skip;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FileSystemKindTest {
    @ParameterizedTest
    @ValueSource(strings = {"tmpfs", "ramfs", "overlay", "nfs", "nfs4", "cifs", "fuse.s3fs", "9p", "TMPFS"})
    void saysWhyALogIsNotSafeThere(String kind) {
        assertNotNull(new FileSystemKind(kind).unfit());
    }

    @ParameterizedTest
    @ValueSource(strings = {"ext4", "xfs", "btrfs", "zfs", "apfs", "ext2", "fuseblk", "of-the-future"})
    void hasNothingAgainstADisk(String kind) {
        assertNull(new FileSystemKind(kind).unfit());
    }

    @Test
    void looksAtWhereAFolderWouldBeMade(@TempDir Path folder) throws IOException {
        assertEquals(FileSystemKind.of(folder), FileSystemKind.of(folder.resolve("a/b/c")));
    }

    @Test
    void findsTheMachinesMemory() throws IOException {
        var memory = Path.of("/dev/shm");
        Skip.unless(Files.isDirectory(memory), "no /dev/shm here");
        assertEquals(new FileSystemKind("tmpfs"), FileSystemKind.of(memory.resolve("log")));
    }
}
