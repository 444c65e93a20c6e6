package io.taffrail.wal.io.uring;

import io.taffrail.wal.io.Errno;
import io.taffrail.wal.io.KernelRefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// Why `io_uring_setup` failed, as far as this process can find out. Hardened nodes turn io_uring off in three
/// places, each with an errno that another cause has too.
final class SetupRefusal {
    private static final Path SYSCTL = Path.of("/proc/sys/kernel/io_uring_disabled");
    private static final Path STATUS = Path.of("/proc/self/status");

    private SetupRefusal() {}

    static KernelRefusedException of(int errno) {
        return new KernelRefusedException(
                "io_uring_setup", errno, explain(errno, firstLine(SYSCTL, ""), firstLine(STATUS, "Seccomp:")));
    }

    static String explain(int errno, Optional<String> disabled, Optional<String> seccomp) {
        var known = Errno.describe(errno);
        if (errno == Errno.EPERM.number()) {
            return switch (disabled.orElse("0")) {
                case "2" -> "EPERM: the node's kernel.io_uring_disabled is 2; 0 allows it";
                case "1" ->
                    "EPERM: the node's kernel.io_uring_disabled is 1; 0 allows it, or membership of the"
                            + " group kernel.io_uring_group";
                default -> filtered(seccomp) ? "EPERM: " + SECCOMP : known;
            };
        }
        if (errno == Errno.ENOSYS.number() && filtered(seccomp)) {
            return "ENOSYS: " + SECCOMP + ", or the kernel is older than 5.1";
        }
        return known;
    }

    private static final String SECCOMP =
            "a seccomp filter, such as a container runtime's default profile, keeps it from the process; a profile"
                    + " that adds io_uring_setup, io_uring_enter and io_uring_register allows it";

    private static boolean filtered(Optional<String> seccomp) {
        return seccomp.isPresent() && seccomp.get().endsWith("2");
    }

    private static Optional<String> firstLine(Path file, String prefix) {
        try (var lines = Files.lines(file)) {
            return lines.filter(line -> line.startsWith(prefix))
                    .map(String::strip)
                    .findFirst();
        } catch (IOException | RuntimeException e) {
            // Without /proc the errno alone has to do.
            return Optional.empty();
        }
    }
}
