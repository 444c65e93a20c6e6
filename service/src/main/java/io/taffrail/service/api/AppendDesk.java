package io.taffrail.service.api;

import io.taffrail.replication.ReplicaStatus;
import io.taffrail.service.host.ReplicaHost;
import io.taffrail.service.telemetry.TrafficMetrics;
import org.jspecify.annotations.Nullable;

/// What every append needs.
record AppendDesk(ReplicaHost host, AppendLimits limits, TrafficMetrics metrics, boolean fsyncDisabled) {
    @Nullable
    ReplicaStatus status() {
        return host.status();
    }
}
