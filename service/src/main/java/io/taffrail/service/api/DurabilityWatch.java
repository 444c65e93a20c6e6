package io.taffrail.service.api;

import io.grpc.Status;
import io.taffrail.proto.log.DurabilityReport;
import io.taffrail.proto.log.WatchDurabilityRequest;
import io.taffrail.replication.Replica;
import io.taffrail.service.host.ReplicaHost;
import io.taffrail.service.rpc.FrameBuffer;
import io.taffrail.service.rpc.OneRequest;
import io.taffrail.service.rpc.RpcCall;
import io.taffrail.service.rpc.RpcListener;
import io.taffrail.service.rpc.RpcStatus;
import io.taffrail.service.telemetry.ProcessInfo;
import io.taffrail.wal.WalStats;

/// `WatchDurability`: a report now and at every interval. A client that does not read misses reports; the next one
/// tells what is true then.
final class DurabilityWatch implements RpcListener {
    private static final int DEFAULT_INTERVAL_MILLIS = 1_000;
    private static final int LEAST_INTERVAL_MILLIS = 10;
    private static final long NANOS_PER_MICRO = 1_000;
    private static final long NO_TIMER = -1;

    private final ReplicaHost host;
    private final ProcessInfo info;
    private final RpcCall call;
    private long timer = NO_TIMER;
    private final OneRequest<WatchDurabilityRequest> one;
    private long reportsLeft;

    DurabilityWatch(ReplicaHost host, ProcessInfo info, RpcCall call) {
        this.host = host;
        this.info = info;
        this.call = call;
        this.one = new OneRequest<>(call, WatchDurabilityRequest.parser());
    }

    @Override
    public void message(byte[] array, int offset, int length) {
        var request = one.take(array, offset, length);
        if (request == null) {
            return;
        }
        var interval = request.getIntervalMillis() == 0
                ? DEFAULT_INTERVAL_MILLIS
                : Integer.toUnsignedLong(request.getIntervalMillis());
        if (interval < LEAST_INTERVAL_MILLIS) {
            call.end(GrpcStatusMapping.invalid("interval_millis is " + interval + ": allowed are 0 ("
                    + DEFAULT_INTERVAL_MILLIS + ") and " + LEAST_INTERVAL_MILLIS + " or more"));
            return;
        }
        reportsLeft = request.getMaxReports() == 0 ? Long.MAX_VALUE : Integer.toUnsignedLong(request.getMaxReports());
        report();
        if (!call.closed()) {
            timer = call.vertx().setPeriodic(interval, tick -> report());
        }
    }

    private void report() {
        var replica = host.replica();
        if (replica == null) {
            call.end(GrpcStatusMapping.recovering(host.recoveryPercent()));
            return;
        }
        if (!call.writable()) {
            return;
        }
        reportsLeft--;
        var frames = new FrameBuffer();
        frames.message(report(replica).toByteArray());
        if (reportsLeft == 0) {
            call.end(frames);
        } else {
            call.write(frames);
        }
    }

    private DurabilityReport report(Replica replica) {
        var watermarks = replica.watermarks();
        var stats = replica.walStats();
        var writerDelayMicros = replica.settings().writerDelayNanos() / NANOS_PER_MICRO;
        return DurabilityReport.newBuilder()
                .setEpoch(replica.status().epoch())
                .setLeaderReceivedLsn(watermarks.leaderReceived())
                .setLeaderFlushedLsn(watermarks.leaderFlushed())
                .setQuorumReceivedLsn(watermarks.quorumReceived())
                .setQuorumFlushedLsn(watermarks.quorumFlushed())
                .setAllReceivedLsn(watermarks.allReceived())
                .setAllFlushedLsn(watermarks.allFlushed())
                .setUnflushedBytes(stats.unflushedBytes())
                .setUnflushedAgeMicros(stats.unflushedAgeNanos() / NANOS_PER_MICRO)
                .setWriterDelayMicros(writerDelayMicros)
                .setRiskWindowMicros(stats.riskWindowNanos() / NANOS_PER_MICRO)
                .setRiskWindowBoundMicros(WalStats.RISK_WINDOW_DELAYS * writerDelayMicros)
                .setFsyncDisabled(info.fsyncDisabled())
                .setUnreplicatedBytes(Math.max(0, watermarks.leaderReceived() - watermarks.quorumReceived()))
                .build();
    }

    @Override
    public void halfClosed() {
        one.halfClosed();
    }

    @Override
    public void closed() {
        if (timer != NO_TIMER) {
            call.vertx().cancelTimer(timer);
            timer = NO_TIMER;
        }
    }

    @Override
    public void deadlineExceeded() {
        call.end(RpcStatus.of(Status.Code.DEADLINE_EXCEEDED, "the deadline is over"));
    }

    @Override
    public void writable() {}
}
