package io.taffrail.service.telemetry;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.TimeGauge;
import io.taffrail.replication.ReplicaStatus;
import io.taffrail.replication.ScrubStatus;
import io.taffrail.replication.protocol.Watermarks;
import io.taffrail.service.host.HostObserver;
import io.taffrail.service.host.ReplicaHost;
import io.taffrail.streams.StreamStore;
import io.taffrail.wal.WalStats;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;

/// The replica and its log as metrics, looked up when somebody asks. Nothing is counted on the loop but changes of
/// epoch.
public final class ReplicaMetrics implements HostObserver {
    private static final WalStats NO_STATS = new WalStats(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    private final MeterRegistry registry;
    private final ReplicaHost host;
    private final AtomicLong epochs = new AtomicLong();
    private final AtomicLong possibleLosses = new AtomicLong();
    private final Set<Integer> knownFollowers = ConcurrentHashMap.newKeySet();
    private volatile long lastEpoch = -1;
    private volatile long lastElection = -1;

    public ReplicaMetrics(MeterRegistry registry, ReplicaHost host) {
        this.registry = registry;
        this.host = host;
        log();
        replication();
    }

    private void log() {
        FunctionTimer.builder(
                        "taffrail.wal.flush",
                        this,
                        metrics -> metrics.stats().flushes(),
                        metrics -> metrics.stats().flushNanos(),
                        TimeUnit.NANOSECONDS)
                .description("Flushes of the log to the disk")
                .register(registry);
        time("taffrail.wal.flush.last", WalStats::lastFlushNanos);
        counter("taffrail.wal.flushed.bytes", WalStats::flushedBytes);
        counter("taffrail.wal.flushed.entries", WalStats::flushedEntries);
        counter("taffrail.wal.appended.entries", WalStats::appendedEntries);
        gauge("taffrail.wal.flush.group.size", metrics -> {
            var stats = metrics.stats();
            return stats.flushes() == 0 ? 0 : (double) stats.flushedEntries() / stats.flushes();
        });
        gauge("taffrail.wal.unflushed.bytes", metrics -> metrics.stats().unflushedBytes());
        time("taffrail.wal.unflushed.age", WalStats::unflushedAgeNanos);
        time("taffrail.risk.window", WalStats::riskWindowNanos);
        TimeGauge.builder("taffrail.risk.window.bound", this, TimeUnit.NANOSECONDS, ReplicaMetrics::riskWindowBound)
                .register(registry);
        gauge("taffrail.wal.segments", metrics -> metrics.stats().segments());
        gauge("taffrail.disk.free.bytes", metrics -> metrics.stats().diskFreeBytes());
        scrubbed("taffrail.scrub.verified.bytes", ScrubStatus::verifiedBytes);
        scrubbed("taffrail.scrub.rounds", ScrubStatus::rounds);
        scrubbed("taffrail.scrub.repaired.segments", ScrubStatus::repairedSegments);
        scrubbed("taffrail.scrub.failed.repairs", ScrubStatus::failedRepairs);
        gauge(
                "taffrail.log.damaged.ranges",
                metrics -> metrics.scrub().damages().size());
    }

    private void scrubbed(String name, ToLongFunction<ScrubStatus> value) {
        FunctionCounter.builder(name, this, metrics -> value.applyAsLong(metrics.scrub()))
                .register(registry);
    }

    private ScrubStatus scrub() {
        var replica = host.replica();
        return replica == null ? ScrubStatus.NONE : replica.scrub();
    }

    private void replication() {
        watermark("leader_received", Watermarks::leaderReceived);
        watermark("leader_flushed", Watermarks::leaderFlushed);
        watermark("quorum_received", Watermarks::quorumReceived);
        watermark("quorum_flushed", Watermarks::quorumFlushed);
        watermark("all_received", Watermarks::allReceived);
        watermark("all_flushed", Watermarks::allFlushed);
        gauge("taffrail.epoch", metrics -> {
            var replica = metrics.host.replica();
            return replica == null ? 0 : replica.status().epoch();
        });
        FunctionCounter.builder("taffrail.epoch.changes", epochs, AtomicLong::doubleValue)
                .register(registry);
        FunctionCounter.builder("taffrail.elections.possible.loss", possibleLosses, AtomicLong::doubleValue)
                .description("Epochs that began without ruling out that asynchronous appends were lost")
                .register(registry);
        for (var state : ReplicaStatus.State.values()) {
            Gauge.builder("taffrail.state", this, metrics -> metrics.isIn(state) ? 1 : 0)
                    .tag("state", state.name())
                    .register(registry);
        }
        gauge("taffrail.recovery.percent", metrics -> metrics.host.recoveryPercent());
        ofStreams("taffrail.streams", StreamStore::streamCount);
        ofStreams("taffrail.checkpoint.lag.bytes", StreamStore::uncheckpointedBytes);
        ofStreams("taffrail.state.bytes", StreamStore::stateBytes);
        ofStreams("taffrail.state.limit.bytes", StreamStore::maxStateBytes);
        TimeGauge.builder(
                        "taffrail.loop.since.turn",
                        host,
                        TimeUnit.NANOSECONDS,
                        replicaHost -> replicaHost.sinceTurnNanos())
                .register(registry);
    }

    private boolean isIn(ReplicaStatus.State state) {
        var replica = host.replica();
        return replica != null && replica.status().state() == state;
    }

    private WalStats stats() {
        var replica = host.replica();
        return replica == null ? NO_STATS : replica.walStats();
    }

    private double riskWindowBound() {
        var replica = host.replica();
        return replica == null
                ? 0
                : (double) WalStats.RISK_WINDOW_DELAYS * replica.settings().writerDelayNanos();
    }

    private void gauge(String name, ToDoubleFunction<ReplicaMetrics> value) {
        Gauge.builder(name, this, value).register(registry);
    }

    private void ofStreams(String name, ToDoubleFunction<StreamStore> value) {
        gauge(name, metrics -> {
            var replica = metrics.host.replica();
            return replica == null ? 0 : value.applyAsDouble(replica.streams());
        });
    }

    private void time(String name, ToLongFunction<WalStats> nanos) {
        TimeGauge.builder(name, this, TimeUnit.NANOSECONDS, metrics -> nanos.applyAsLong(metrics.stats()))
                .register(registry);
    }

    private void counter(String name, ToLongFunction<WalStats> value) {
        FunctionCounter.builder(name, this, metrics -> value.applyAsLong(metrics.stats()))
                .register(registry);
    }

    private void watermark(String level, ToLongFunction<Watermarks> lsn) {
        Gauge.builder("taffrail.watermark.lsn", this, metrics -> {
                    var replica = metrics.host.replica();
                    return replica == null ? 0 : lsn.applyAsLong(replica.watermarks());
                })
                .tag("level", level)
                .register(registry);
    }

    @Override
    public void statusChanged(ReplicaStatus status) {
        if (status.epoch() != lastEpoch) {
            if (lastEpoch >= 0) {
                epochs.incrementAndGet();
            }
            lastEpoch = status.epoch();
        }
        for (var election : status.elections()) {
            if (election.epoch() > lastElection) {
                lastElection = election.epoch();
                if (election.possibleLoss()) {
                    possibleLosses.incrementAndGet();
                }
            }
        }
        for (var follower : status.followers()) {
            if (knownFollowers.add(follower.nodeId())) {
                Gauge.builder("taffrail.follower.lag.bytes", this, metrics -> metrics.lagBytes(follower.nodeId()))
                        .tag("node", Integer.toString(follower.nodeId()))
                        .register(registry);
            }
        }
    }

    private double lagBytes(int nodeId) {
        var replica = host.replica();
        if (replica == null) {
            return Double.NaN;
        }
        var received = replica.watermarks().leaderReceived();
        for (var follower : replica.status().followers()) {
            if (follower.nodeId() == nodeId) {
                return Math.max(0, received - follower.receivedLsn());
            }
        }
        return Double.NaN;
    }
}
