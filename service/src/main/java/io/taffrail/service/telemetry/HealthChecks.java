package io.taffrail.service.telemetry;

import io.taffrail.replication.ReplicaStatus;
import io.taffrail.service.host.ReplicaHost;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import java.util.concurrent.TimeUnit;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;
import org.eclipse.microprofile.health.Readiness;
import org.eclipse.microprofile.health.Startup;

/// What Kubernetes asks. None of the answers needs another replica: killing one that is cut off helps nobody, and
/// takes its memory of asynchronous appends with it.
@ApplicationScoped
public class HealthChecks {
    /// A loop that has not turned for so long never will. Generous, because a starved processor is no reason to die.
    private static final long LONGEST_TURN_NANOS = TimeUnit.SECONDS.toNanos(30);

    @Produces
    @Liveness
    HealthCheck loopTurns(ReplicaHost host) {
        return () -> {
            var turning = host.phase() != ReplicaHost.Phase.OPEN || host.sinceTurnNanos() < LONGEST_TURN_NANOS;
            return HealthCheckResponse.named("replica loop turns")
                    .status(turning && host.phase() != ReplicaHost.Phase.FAILED)
                    .withData("phase", host.phase().name())
                    .withData("sinceTurnMillis", TimeUnit.NANOSECONDS.toMillis(host.sinceTurnNanos()))
                    .build();
        };
    }

    @Produces
    @Readiness
    HealthCheck leadsOrFollows(ReplicaHost host) {
        return () -> {
            var replica = host.replica();
            return HealthCheckResponse.named("replica leads or follows")
                    .status(ready(host))
                    .withData("phase", host.phase().name())
                    .withData("recoveryPercent", host.recoveryPercent())
                    .withData(
                            "state",
                            replica == null
                                    ? "RECOVERING"
                                    : replica.status().state().name())
                    .withData(
                            "damagedRanges",
                            replica == null ? 0 : replica.scrub().damages().size())
                    .build();
        };
    }

    @Produces
    @Startup
    HealthCheck recovered(ReplicaHost host) {
        return () -> HealthCheckResponse.named("replica has read its log")
                .status(host.replica() != null)
                .withData("recoveryPercent", host.recoveryPercent())
                .build();
    }

    /// Recovered, and leading or following a leader that is known.
    public static boolean ready(ReplicaHost host) {
        var replica = host.replica();
        if (replica == null || host.phase() != ReplicaHost.Phase.OPEN) {
            return false;
        }
        var status = replica.status();
        return switch (status.state()) {
            case LEADER -> true;
            case FOLLOWER, LEARNER -> status.leader() != null;
            case UNINITIALIZED, CANDIDATE, LEADER_OPENING, STOPPING, FAILED -> false;
        };
    }

    /// Recovered, and of no cluster yet.
    public static boolean waitsForBootstrap(ReplicaHost host) {
        var replica = host.replica();
        return replica != null && replica.status().state() == ReplicaStatus.State.UNINITIALIZED;
    }
}
