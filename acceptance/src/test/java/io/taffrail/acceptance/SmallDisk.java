package io.taffrail.acceptance;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/// A file system of its own, ext4 in a file, mounted here; it is filled to the last byte, frozen, and taken away
/// while it is in use. Needs root and loop devices.
final class SmallDisk implements AutoCloseable {
    // EXT4_IOC_SHUTDOWN: _IOR('X', 125, __u32); with 1, what the journal holds is written first.
    private static final long SHUTDOWN = 0x8004587DL;
    private static final int SHUTDOWN_LOG_FLUSH = 1;
    private static final int COMMAND_LIMIT_SECONDS = 180;
    private static final int UNMOUNT_TRIES = 100;
    private static final int FILL_TRIES = 20;

    private final Path image;
    private final Path mountPoint;
    private boolean mounted;
    private boolean frozen;
    private int ballasts;

    SmallDisk(Path mountPoint, long bytes) throws IOException, InterruptedException {
        this.mountPoint = Files.createDirectories(mountPoint);
        this.image = mountPoint.resolveSibling(mountPoint.getFileName() + ".ext4");
        command("truncate", "-s", String.valueOf(bytes), image.toString());
        // Nothing is set apart for root, or who runs as root would find room on a disk that is full.
        command("mkfs.ext4", "-q", "-F", "-m", "0", image.toString());
        mount();
    }

    /// Empty: it can be mounted here; otherwise why not.
    static String refusal(Path folder) throws InterruptedException {
        try (var _ = new SmallDisk(folder.resolve("probe"), 8 << 20)) {
            return "";
        } catch (IOException refused) {
            return String.valueOf(refused.getMessage());
        }
    }

    void mount() throws IOException, InterruptedException {
        command("mount", "-o", "loop", image.toString(), mountPoint.toString());
        mounted = true;
    }

    /// The kernel lets go of a file a little after the process that had it open, if it had io_uring at work
    /// on it.
    void unmount() throws IOException, InterruptedException {
        for (var tries = 1; mounted; tries++) {
            try {
                command("umount", mountPoint.toString());
                mounted = false;
            } catch (IOException busy) {
                if (tries == UNMOUNT_TRIES) {
                    throw busy;
                }
                TimeUnit.MILLISECONDS.sleep(100);
            }
        }
    }

    /// Writes and flushes do not return, as for a snapshot, until it thaws.
    void freeze() throws IOException, InterruptedException {
        command("fsfreeze", "--freeze", mountPoint.toString());
        frozen = true;
    }

    void thaw() throws IOException, InterruptedException {
        if (frozen) {
            frozen = false;
            command("fsfreeze", "--unfreeze", mountPoint.toString());
        }
    }

    long freeBytes() {
        return mountPoint.toFile().getUsableSpace();
    }

    /// Takes all that is free but so many bytes. Whoever works on the disk meanwhile may take some of it first.
    void fillUpTo(long freeBytes) throws IOException, InterruptedException {
        for (var tries = 1; freeBytes() > freeBytes; tries++) {
            var ballast = mountPoint.resolve("ballast-" + ballasts++);
            try {
                command("fallocate", "-l", String.valueOf(freeBytes() - freeBytes), ballast.toString());
            } catch (IOException lessIsFree) {
                if (tries == FILL_TRIES) {
                    throw lessIsFree;
                }
            }
        }
    }

    void empty() throws IOException {
        while (ballasts > 0) {
            Files.deleteIfExists(mountPoint.resolve("ballast-" + --ballasts));
        }
    }

    /// From now on every read and write fails with EIO, as when a volume is detached; mounted anew it has
    /// what was flushed.
    @SuppressWarnings("restricted") // The JDK has no other way to the kernel's ioctl.
    void breakDown() throws IOException {
        var linker = Linker.nativeLinker();
        var libc = linker.defaultLookup();
        var open = linker.downcallHandle(
                libc.findOrThrow("open"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT),
                Linker.Option.firstVariadicArg(2));
        var ioctl = linker.downcallHandle(
                libc.findOrThrow("ioctl"),
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS),
                Linker.Option.firstVariadicArg(2));
        var close = linker.downcallHandle(
                libc.findOrThrow("close"), FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        try (var arena = Arena.ofConfined()) {
            var descriptor = (int) open.invokeExact(arena.allocateFrom(mountPoint.toString()), 0);
            var flags = arena.allocate(ValueLayout.JAVA_INT);
            flags.set(ValueLayout.JAVA_INT, 0, SHUTDOWN_LOG_FLUSH);
            var refused = (int) ioctl.invokeExact(descriptor, SHUTDOWN, flags);
            var _ = (int) close.invokeExact(descriptor);
            if (refused != 0) {
                throw new IOException("the file system at " + mountPoint + " cannot be shut down");
            }
        } catch (IOException failed) {
            throw failed;
        } catch (Throwable impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    static void command(String... command) throws IOException, InterruptedException {
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(COMMAND_LIMIT_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new IOException(String.join(" ", command) + ": " + said.strip());
        }
    }

    @Override
    public void close() {
        if (!mounted) {
            return;
        }
        try {
            thaw();
            unmount();
        } catch (IOException busy) {
            System.out.println(busy.getMessage());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
