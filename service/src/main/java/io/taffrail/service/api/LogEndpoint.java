package io.taffrail.service.api;

import io.taffrail.service.host.ReplicaHost;
import io.taffrail.service.rpc.RpcServer;
import io.taffrail.service.telemetry.HealthChecks;
import io.taffrail.service.telemetry.ProcessInfo;
import io.taffrail.service.telemetry.TrafficMetrics;
import java.util.concurrent.Executor;

/// Everything that clients find on the client port, but control.
///
/// @param readThreads where the disk is read
public record LogEndpoint(
        ReplicaHost host,
        ProcessInfo info,
        TrafficMetrics metrics,
        AppendLimits limits,
        int readResponseBytes,
        int maxReaders,
        Executor readThreads) {
    // Two MiB each, where a reader has gone through files.
    private static final int IDLE_LOG_VIEWS = 8;

    public void register(RpcServer server) {
        var wakeups = new FollowWakeups(readThreads);
        host.observe(wakeups);
        var appends = new AppendDesk(host, limits, metrics, info.fsyncDisabled());
        var reads = new ReadDesk(
                host, readThreads, new LogChunks.Pool(IDLE_LOG_VIEWS), wakeups, metrics, readResponseBytes, maxReaders);
        new LogGrpcService(host, appends, reads, info).register(server);
        new HealthService(() -> HealthChecks.ready(host)).register(server);
        new ReflectionService().register(server);
    }
}
