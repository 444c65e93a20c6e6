package io.taffrail.acceptance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// An ext4 file system in a file, through a loop device.
record OwnDisk(Path mountPoint) implements AutoCloseable {
    private static final String SIZE = "256M";

    /// Null where that takes rights or tools that are not there.
    static @Nullable OwnDisk mount(Path folder) throws IOException {
        var image = folder.resolve("disk.img");
        var mountPoint = Files.createDirectory(folder.resolve("disk"));
        var ready = succeeds("truncate", "-s", SIZE, image.toString())
                && succeeds("mkfs.ext4", "-q", image.toString())
                && succeeds("mount", "-o", "loop", image.toString(), mountPoint.toString());
        return ready ? new OwnDisk(mountPoint) : null;
    }

    void freeze() {
        must("fsfreeze", "--freeze", mountPoint.toString());
    }

    void thaw() {
        var _ = succeeds("fsfreeze", "--unfreeze", mountPoint.toString());
    }

    @Override
    public void close() {
        must("umount", mountPoint.toString());
    }

    private static void must(String... command) {
        if (!succeeds(command)) {
            throw new IllegalStateException(String.join(" ", command) + " failed");
        }
    }

    private static boolean succeeds(String... command) {
        try {
            var process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.onExit().orTimeout(60, TimeUnit.SECONDS).join().exitValue() == 0;
        } catch (IOException notInstalled) {
            return false;
        }
    }
}
