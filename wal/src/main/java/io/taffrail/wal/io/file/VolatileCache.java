package io.taffrail.wal.io.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Whether the device below a folder must be told to flush after a durable write: it has a volatile cache, and
/// no way (FUA) to write one block past it. As Linux says in `/sys/dev/block/MAJOR:MINOR/queue`; no where it
/// does not say, as for network and overlay file systems.
final class VolatileCache {
    private static final Path DEVICES = Path.of("/sys/dev/block");

    private VolatileCache() {}

    static boolean needsFlush(Path folder) {
        try {
            var number = ((Number) Files.getAttribute(folder, "unix:dev")).longValue();
            return queueNeedsFlush(
                    DEVICES.resolve(major(number) + ":" + minor(number)).toRealPath());
        } catch (IOException | RuntimeException e) {
            // Nothing depends on it but which of two ways to the same promise is taken.
            return false;
        }
    }

    private static boolean queueNeedsFlush(Path device) throws IOException {
        // A partition has its queue one folder up.
        var own = device.resolve("queue");
        var queue = Files.isDirectory(own) ? own : device.resolveSibling("queue");
        return Files.readString(queue.resolve("write_cache")).startsWith("write back")
                && Files.readString(queue.resolve("fua")).startsWith("0");
    }

    // The C library's encoding of a device number (sys/sysmacros.h).
    private static long major(long number) {
        return (number >>> 8 & 0xfff) | (number >>> 32 & ~0xfffL);
    }

    private static long minor(long number) {
        return (number & 0xff) | (number >>> 12 & ~0xffL & 0xffffffffL);
    }
}
