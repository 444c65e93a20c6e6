package io.taffrail.simulation.check;

import io.taffrail.replication.protocol.Watermarks;
import io.taffrail.simulation.SimulationOptions;
import java.util.HashMap;

/// I18 and the limit of the lag, seen from outside: a replica whose disk makes no progress soon stops saying that it
/// has received more, and a leader whose majority lags too far behind soon has no new entries.
public final class GatesClose {
    /// Clocks run a little fast or slow, a turn takes its time, and a status is told a moment later.
    private static final double CLOCK_SLACK = 1.15;

    private static final long SLACK_NANOS = 20 * SimulationOptions.MILLI;
    /// A batch of the workload, or a turn's worth of small ones.
    private static final long LARGEST_APPEND_BYTES = 64 << 10;

    private static final class Replica {
        long flushed = -1;
        long received;
        /// When something was first reported that is not flushed; -1: all is.
        long unflushedSinceNanos = -1;
    }

    private final SimulationOptions options;
    private final HashMap<String, Replica> replicas = new HashMap<>();

    public GatesClose(SimulationOptions options) {
        this.options = options;
    }

    /// A replica that stood still sees late what happened meanwhile.
    public void forget(String process) {
        replicas.remove(process);
    }

    /// `received`, `flushed`: what a replica vouches for now.
    public void reported(String process, long atNanos, long received, long flushed) {
        var replica = replicas.computeIfAbsent(process, key -> new Replica());
        if (flushed != replica.flushed) {
            replica.flushed = flushed;
            replica.unflushedSinceNanos = received > flushed ? atNanos : -1;
        } else if (received > flushed && replica.unflushedSinceNanos < 0) {
            replica.unflushedSinceNanos = atNanos;
        } else if (received > replica.received && replica.unflushedSinceNanos >= 0) {
            var span = atNanos - replica.unflushedSinceNanos;
            var limit = (long) (3 * options.timing().writerDelayNanos() * CLOCK_SLACK) + SLACK_NANOS;
            if (span > limit) {
                throw new InvariantViolation(
                        "WindowGate",
                        "%s reports %s as received, flushed is %s for %s ns, allowed are %s"
                                .formatted(process, received, flushed, span, limit));
            }
        }
        replica.received = received;
    }

    /// Of an open leader with other voters.
    public void lag(String process, Watermarks watermarks, long endLsn) {
        var lag = endLsn - watermarks.quorumReceived();
        var limit = options.log().lagBytes() * 5 / 4 + LARGEST_APPEND_BYTES;
        if (lag > limit) {
            throw new InvariantViolation(
                    "LagGate", "%s is %s bytes ahead of its majority, allowed are %s".formatted(process, lag, limit));
        }
    }
}
