package io.taffrail.wal.io.selection;

import io.taffrail.wal.io.Errno;
import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.KernelRefusedException;
import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.posixaio.PosixAioMethod;
import io.taffrail.wal.io.sync.SyncIoMethod;
import io.taffrail.wal.io.uring.UringIoMethod;
import io.taffrail.wal.io.worker.WorkerIoMethod;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;

/// Opens the method that a setting names, or the best that this machine allows: `worker`, which lets the thread that
/// brings a short write do it, unless `io_uring` is clearly quicker here.
public final class IoMethods {
    public static final String AUTO = "auto";
    public static final List<String> NAMES = List.of(AUTO, "io_uring", "worker", "posix_aio", "sync");

    // Not posix_aio, which is worker with slower hand-overs, and not sync, which stops the loop even for a slow disk.
    private static final List<String> CANDIDATES = List.of("worker", "io_uring");

    /// Of a durable write's time. From one start to the next times differ by up to that, more where much else runs.
    private static final double CLEARLY_QUICKER = 0.75;

    /// `reason` is one line for the log: why this method, and why not the others.
    public record Opened(IoMethod method, String reason) {}

    private record Tried(IoMethod method, long writeNanos) {
        String inWords() {
            return String.format(Locale.ROOT, "%s %.0f us", method.name(), writeNanos / 1e3);
        }
    }

    private IoMethods() {}

    /// Tries a method with a durable write and a read in `directory` before it returns it. `workers` runs the
    /// requests of the `worker` method, and for the others what takes long and nobody waits for. Blocks; throws
    /// [IoMethodUnavailableException] if the named method cannot be had, or with `auto` none, and another exception
    /// if the disk is too full to try any.
    public static Opened open(String wanted, LogDirectory directory, Executor workers) throws IOException {
        if (!NAMES.contains(wanted)) {
            throw new IoMethodUnavailableException("no I/O method is called '" + wanted + "'; there are " + NAMES);
        }
        if (!wanted.equals(AUTO)) {
            try {
                var tried = openTried(wanted, directory, workers);
                return new Opened(tried.method(), "as configured; a durable write: " + tried.inWords());
            } catch (IOException | LinkageError | RuntimeException e) {
                checkRoom(e);
                throw new IoMethodUnavailableException(wanted + " cannot be used: " + text(e), e);
            }
        }
        var usable = new ArrayList<Tried>();
        var passedOver = new ArrayList<String>();
        for (var candidate : CANDIDATES) {
            try {
                usable.add(openTried(candidate, directory, workers));
            } catch (IOException | LinkageError | RuntimeException e) {
                if (isNoRoom(e)) {
                    closeAll(usable);
                }
                checkRoom(e);
                passedOver.add(candidate + " (" + text(e) + ")");
            }
        }
        var reason = reason(usable, passedOver);
        var chosen = usable.stream()
                .reduce((one, other) -> isClearlyQuicker(other.writeNanos(), one.writeNanos()) ? other : one)
                .orElseThrow(() ->
                        new IoMethodUnavailableException("no I/O method works in " + directory + ": " + passedOver));
        usable.remove(chosen);
        closeAll(usable);
        return new Opened(chosen.method(), reason);
    }

    private static void closeAll(List<Tried> some) {
        some.forEach(tried -> tried.method().close());
    }

    static boolean isClearlyQuicker(long writeNanos, long thanNanos) {
        return writeNanos < CLEARLY_QUICKER * thanNanos;
    }

    private static Tried openTried(String name, LogDirectory directory, Executor workers) throws IOException {
        var method = open(name, workers);
        return new Tried(method, Trial.run(method, directory));
    }

    /// A full disk says nothing about a method.
    private static void checkRoom(Throwable thrown) throws IOException {
        if (thrown instanceof IOException refused && isNoRoom(refused)) {
            throw refused;
        }
    }

    private static boolean isNoRoom(Throwable thrown) {
        return thrown instanceof IOException refused && Errno.isNoRoom(refused);
    }

    private static IoMethod open(String name, Executor workers) throws KernelRefusedException {
        return switch (name) {
            case "io_uring" -> UringIoMethod.open(workers);
            case "worker" -> new WorkerIoMethod(workers);
            case "posix_aio" -> PosixAioMethod.open(workers);
            case "sync" -> new SyncIoMethod();
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static String reason(List<Tried> usable, List<String> passedOver) {
        var times = "a durable write: " + usable.stream().map(Tried::inWords).collect(Collectors.joining(", "));
        return passedOver.isEmpty() ? times : times + "; passed over: " + String.join(", ", passedOver);
    }

    private static String text(Throwable thrown) {
        // A static initializer's failure says nothing itself.
        var cause =
                thrown instanceof ExceptionInInitializerError && thrown.getCause() != null ? thrown.getCause() : thrown;
        return cause.getMessage() != null ? cause.getMessage() : cause.toString();
    }
}
