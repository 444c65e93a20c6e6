package io.taffrail.service.accept;

import com.sun.management.UnixOperatingSystemMXBean;
import io.taffrail.wal.Wal;
import java.lang.management.ManagementFactory;

/// How the file descriptors that the kernel gives a process are shared out: what the log and the process need is kept,
/// clients get the rest. A log that cannot open its next segment because of clients could not keep its promises.
///
/// @param limit RLIMIT_NOFILE; the JVM raises the soft limit to the hard one
/// @param processors for which event loops are made
public record OpenFiles(long limit, int processors) {
    /// The other replicas', and those of whoever mistakes the port.
    public static final int PEER_CONNECTIONS = 48;
    /// Probes and who collects metrics.
    public static final int HTTP_CONNECTIONS = 32;

    /// Fewer clients than this are not worth a start.
    public static final int LEAST_CLIENTS = 16;

    public static final int MOST_CLIENTS = 20_000;

    private static final int PORTS = 3;
    /// What Netty accepts before it shows any of it to us.
    private static final int ACCEPTED_AT_ONCE = 16;
    /// As many as a log keeps open, twice: direct I/O and flushing have descriptors of their own.
    private static final int SEGMENTS = 2 * Wal.MAX_OPEN_FILES;
    /// Of the program, as far as they are opened.
    private static final int JARS = 160;
    /// Selector and its wake-up, two loops a processor.
    private static final int EVENT_LOOP = 2 * 2;
    /// Checkpoints, what is copied to and from others, connections to them, standard streams.
    private static final int REST = 128;

    public static OpenFiles ofThisProcess() {
        var limit = ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system
                ? system.getMaxFileDescriptorCount()
                : Long.MAX_VALUE;
        return new OpenFiles(limit, Runtime.getRuntime().availableProcessors());
    }

    /// What is not for clients.
    public int kept() {
        return SEGMENTS
                + JARS
                + EVENT_LOOP * processors
                + REST
                + PEER_CONNECTIONS
                + HTTP_CONNECTIONS
                + PORTS * (PortLimit.MOST_BEYOND + ACCEPTED_AT_ONCE);
    }

    /// Connections that clients may have open; negative: the limit is too low for the rest already.
    public long clients() {
        return Math.min(Integer.MAX_VALUE, limit - kept());
    }
}
