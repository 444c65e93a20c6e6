package io.taffrail.bench.engine;

import io.taffrail.wal.WalStats;
import java.nio.ByteBuffer;
import java.util.Random;
import org.HdrHistogram.Histogram;

/// A closed loop: keeps `outstanding` entries on their way and times each from its append to its
/// acknowledgement. Producer and log share one thread, as a replica's requests and its log do.
final class LoadLoop {
    private static final long LONGEST_SLEEP_NANOS = 100_000_000;
    private static final long HIGHEST_LATENCY_NANOS = 60_000_000_000L;

    private final Engine engine;
    private final Workload workload;
    private final ByteBuffer payload;
    // Of what is outstanding, a ring in the order of the log.
    private final long[] endLsns;
    private final long[] startNanos;
    private final RiskWindow risk = new RiskWindow();
    private long appended;
    private long acknowledged;

    LoadLoop(Engine engine, Workload workload) {
        this.engine = engine;
        this.workload = workload;
        this.endLsns = new long[workload.outstanding()];
        this.startNanos = new long[workload.outstanding()];
        var bytes = new byte[workload.payloadBytes()];
        new Random(1).nextBytes(bytes);
        this.payload = ByteBuffer.allocateDirect(bytes.length).put(0, bytes);
    }

    void warmUp(double seconds) {
        turns(seconds, new Histogram(HIGHEST_LATENCY_NANOS, 3));
    }

    Measurement run(double seconds) {
        var latency = new Histogram(HIGHEST_LATENCY_NANOS, 3);
        var before = engine.stats();
        var from = acknowledged;
        var cpu = new CpuUse();
        var start = System.nanoTime();
        turns(seconds, latency);
        var took = (System.nanoTime() - start) / 1e9;
        var cores = cpu.sinceStart();
        return measurement(latency, before, engine.stats(), acknowledged - from, took, cores);
    }

    private Measurement measurement(
            Histogram latency, WalStats before, WalStats after, long entries, double seconds, CpuUse.Cores cores) {
        var flushes = after.flushes() - before.flushes();
        return new Measurement(
                workload,
                engine.methodName(),
                engine.buffering(),
                seconds,
                entries,
                latency,
                flushes == 0 ? 0 : (after.flushedEntries() - before.flushedEntries()) / (double) flushes,
                flushes,
                workload.durable() ? 0 : risk.longestNanos(),
                cores.own(),
                cores.other());
    }

    private void turns(double seconds, Histogram latency) {
        var deadline = System.nanoTime() + (long) (seconds * 1e9);
        var now = System.nanoTime();
        while (now < deadline) {
            var added = append();
            now = System.nanoTime();
            var worked = engine.work(now);
            var taken = acknowledge(latency);
            if (added + worked + taken == 0) {
                engine.sleep(now, LONGEST_SLEEP_NANOS);
            }
        }
    }

    private int append() {
        var added = 0;
        while (added < workload.burst()
                && appended - acknowledged < workload.outstanding()
                && engine.hasRoomFor(workload.payloadBytes())) {
            var slot = (int) (appended % workload.outstanding());
            startNanos[slot] = System.nanoTime();
            endLsns[slot] = engine.append(payload);
            if (workload.durable()) {
                engine.requestFlush();
            }
            appended++;
            added++;
        }
        if (added > 0 && !workload.durable()) {
            risk.appended(
                    endLsns[(int) ((appended - 1) % workload.outstanding())],
                    startNanos[(int) ((appended - added) % workload.outstanding())]);
        }
        return added;
    }

    private int acknowledge(Histogram latency) {
        var upTo = workload.durable() ? engine.flushedLsn() : engine.reportableLsn();
        var taken = 0;
        if (acknowledged < appended) {
            var now = System.nanoTime();
            while (acknowledged < appended) {
                var slot = (int) (acknowledged % workload.outstanding());
                if (endLsns[slot] > upTo) {
                    break;
                }
                latency.recordValue(now - startNanos[slot]);
                acknowledged++;
                taken++;
            }
            if (taken > 0 && !workload.durable()) {
                risk.acknowledged(upTo, engine.flushedLsn(), now);
            }
        }
        return taken;
    }
}
