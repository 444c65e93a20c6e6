package io.taffrail.wal.io.selection;

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
import java.util.concurrent.Executor;

/// Opens the method that a setting names, or the best that this machine allows.
public final class IoMethods {
    public static final String AUTO = "auto";
    public static final List<String> NAMES = List.of(AUTO, "io_uring", "worker", "posix_aio", "sync");

    // The best first. Not posix_aio, which is worker with slower hand-overs, and not sync, which stops the loop.
    private static final List<String> CANDIDATES = List.of("io_uring", "worker");

    /// `reason` is one line for the log: why this method, and why not those before it.
    public record Opened(IoMethod method, String reason) {}

    private IoMethods() {}

    /// Tries a method with a durable write and a read in `directory` before it returns it. `workers` runs the
    /// requests of the `worker` method, and for the others what takes long and nobody waits for. Blocks; throws
    /// [IoMethodUnavailableException] if the named method cannot be had, or with `auto` none.
    public static Opened open(String wanted, LogDirectory directory, Executor workers)
            throws IoMethodUnavailableException {
        if (!NAMES.contains(wanted)) {
            throw new IoMethodUnavailableException("no I/O method is called '" + wanted + "'; there are " + NAMES);
        }
        if (!wanted.equals(AUTO)) {
            try {
                return new Opened(openTried(wanted, directory, workers), "as configured; tried with a durable write");
            } catch (IOException | LinkageError | RuntimeException e) {
                throw new IoMethodUnavailableException(wanted + " cannot be used: " + text(e), e);
            }
        }
        var passedOver = new ArrayList<String>();
        for (var candidate : CANDIDATES) {
            try {
                var method = openTried(candidate, directory, workers);
                return new Opened(method, reason(passedOver));
            } catch (IOException | LinkageError | RuntimeException e) {
                passedOver.add(candidate + " (" + text(e) + ")");
            }
        }
        throw new IoMethodUnavailableException("no I/O method works in " + directory + ": " + passedOver);
    }

    private static IoMethod openTried(String name, LogDirectory directory, Executor workers) throws IOException {
        var method = open(name, workers);
        Trial.run(method, directory);
        return method;
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

    private static String reason(List<String> passedOver) {
        var tried = "the best of " + CANDIDATES + " that works here, tried with a durable write";
        return passedOver.isEmpty() ? tried : tried + "; passed over: " + String.join(", ", passedOver);
    }

    private static String text(Throwable thrown) {
        // A static initializer's failure says nothing itself.
        var cause =
                thrown instanceof ExceptionInInitializerError && thrown.getCause() != null ? thrown.getCause() : thrown;
        return cause.getMessage() != null ? cause.getMessage() : cause.toString();
    }
}
