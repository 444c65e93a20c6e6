package io.taffrail.service;

import io.taffrail.service.host.ReplicaHost;
import io.taffrail.service.telemetry.HealthChecks;

/// Waits for conditions, not for time.
public final class RunningReplica {
    private static final long LONGEST_WAIT_NANOS = 300_000_000_000L;

    private RunningReplica() {}

    public interface Condition {
        boolean holds() throws Exception;
    }

    public static void await(String what, Condition condition) {
        var end = System.nanoTime() + LONGEST_WAIT_NANOS;
        try {
            while (!condition.holds()) {
                if (System.nanoTime() - end > 0) {
                    throw new AssertionError("waited for five minutes: " + what);
                }
                Thread.sleep(5);
            }
        } catch (AssertionError failed) {
            throw failed;
        } catch (Exception failed) {
            throw new AssertionError(what, failed);
        }
    }

    public static ServiceClient connect(ReplicaHost host) {
        await("the replica leads", () -> HealthChecks.ready(host));
        return new ServiceClient(host.clientAddress());
    }
}
