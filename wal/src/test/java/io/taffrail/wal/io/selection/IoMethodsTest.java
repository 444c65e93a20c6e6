package io.taffrail.wal.io.selection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.wal.io.Skip;
import io.taffrail.wal.io.file.Buffering;
import io.taffrail.wal.io.file.FileLogDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IoMethodsTest {
    private static final String NO_STRACE =
            "no /usr/bin/strace that may trace: it is what refuses io_uring to the process of this test";

    @TempDir
    Path folder;

    @Test
    void opensEachByItsNameAndKeepsTheFileOfItsTrial() throws Exception {
        try (var directory = FileLogDirectory.open(folder, Buffering.DIRECT)) {
            for (var name : List.of("io_uring", "worker", "posix_aio", "sync")) {
                try {
                    var opened = IoMethods.open(name, directory, Runnable::run);
                    assertEquals(name, opened.method().name());
                    opened.method().close();
                } catch (IoMethodUnavailableException refused) {
                    // Only those may be missing that ask the kernel for more than files.
                    assertTrue(List.of("io_uring", "posix_aio").contains(name), refused::getMessage);
                    var _ = Skip.because(String.valueOf(refused.getMessage()));
                }
            }
            assertEquals(List.of(Trial.FILE_NAME), directory.list());
        }
    }

    /// So that a disk that is full by then holds up no start.
    @Test
    void triesTheNextTimeInTheFileThatItKept() throws Exception {
        var kept = folder.resolve(Trial.FILE_NAME);
        var link = folder.resolve("link");
        for (var length : List.of(0, 4096, 100)) {
            Files.write(kept, new byte[length]);
            Files.createLink(link, kept);
            try (var directory = FileLogDirectory.open(folder, Buffering.DIRECT)) {
                IoMethods.open("sync", directory, Runnable::run).method().close();
            }
            assertEquals(4096, Files.size(kept));
            assertEquals(length == 4096, Files.isSameFile(kept, link), length + " bytes");
            Files.delete(link);
        }
    }

    @Test
    void refusesANameThatThereIsNot() throws Exception {
        try (var directory = FileLogDirectory.open(folder, Buffering.BUFFERED)) {
            var refusal = assertThrows(
                    IoMethodUnavailableException.class, () -> IoMethods.open("aio", directory, Runnable::run));
            assertTrue(String.valueOf(refusal.getMessage()).contains("io_uring"));
        }
    }

    @Test
    void refusesADirectoryThatCannotBeWrittenTo() throws Exception {
        try (var directory = FileLogDirectory.openReadOnly(folder)) {
            assertThrows(IoMethodUnavailableException.class, () -> IoMethods.open("auto", directory, Runnable::run));
        }
    }

    @Test
    void takesWorkerUnlessIoUringIsClearlyQuickerAndSaysWhy() throws Exception {
        try (var directory = FileLogDirectory.open(folder, Buffering.BUFFERED)) {
            var opened = IoMethods.open("auto", directory, Runnable::run);
            opened.method().close();
            Skip.unless(!opened.reason().contains("passed over: io_uring"), opened.reason());
            var times = Pattern.compile("a durable write: worker ([0-9]+) us, io_uring ([0-9]+) us")
                    .matcher(opened.reason());
            assertTrue(times.matches(), opened.reason());
            var worker = Long.parseLong(times.group(1));
            var uring = Long.parseLong(times.group(2));
            // What is said is rounded.
            if (!IoMethods.isClearlyQuicker(uring, worker + 1)) {
                assertEquals("worker", opened.method().name(), opened.reason());
            } else if (IoMethods.isClearlyQuicker(uring + 1, worker)) {
                assertEquals("io_uring", opened.method().name(), opened.reason());
            }
        }
    }

    @Test
    void whatDiffersByChanceDecidesNothing() {
        assertFalse(IoMethods.isClearlyQuicker(80_000, 100_000));
        assertTrue(IoMethods.isClearlyQuicker(70_000, 100_000));
    }

    @Test
    void passesOverWhatTheKernelRefuses() throws Exception {
        Skip.unless(canTrace(), NO_STRACE);
        for (var errno : List.of("EPERM", "ENOSYS", "ENOMEM")) {
            assertEquals(
                    "worker passed over=true",
                    choose(List.of(
                            "/usr/bin/strace",
                            "-f",
                            "-qq",
                            "-o",
                            "/dev/null",
                            "-e",
                            "trace=io_uring_setup",
                            "-e",
                            "inject=io_uring_setup:error=" + errno)));
        }
    }

    @Test
    void passesOverAMethodWhoseOperationsFail() throws Exception {
        Skip.unless(canTrace(), NO_STRACE);
        assertEquals(
                "worker passed over=true",
                choose(List.of(
                        "/usr/bin/strace",
                        "-f",
                        "-qq",
                        "-o",
                        "/dev/null",
                        "-e",
                        "trace=io_uring_enter",
                        "-e",
                        "inject=io_uring_enter:error=EPERM")));
    }

    /// It is installed, and may look at processes.
    private static boolean canTrace() throws Exception {
        if (!Files.isExecutable(Path.of("/usr/bin/strace"))) {
            return false;
        }
        var process = new ProcessBuilder("/usr/bin/strace", "-f", "-qq", "-o", "/dev/null", "true")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        return process.waitFor(5, TimeUnit.MINUTES) && process.exitValue() == 0;
    }

    private String choose(List<String> wrapper) throws Exception {
        var command = new ArrayList<>(wrapper);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Chooser.class.getName(),
                folder.toString()));
        var process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (var output = process.inputReader()) {
            return String.valueOf(output.readLine());
        } finally {
            process.destroyForcibly().waitFor(60, TimeUnit.SECONDS);
        }
    }

    /// What the other process runs.
    static final class Chooser {
        public static void main(String[] arguments) throws IOException {
            try (var directory = FileLogDirectory.open(Path.of(arguments[0]), Buffering.BUFFERED)) {
                var opened = IoMethods.open("auto", directory, Runnable::run);
                var passedOver = opened.reason().contains("passed over: io_uring");
                System.out.println(opened.method().name() + " passed over=" + passedOver);
                System.err.println(opened.reason());
                opened.method().close();
            }
        }
    }
}
