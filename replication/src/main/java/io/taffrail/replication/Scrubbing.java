package io.taffrail.replication;

import io.taffrail.replication.codec.Envelope;
import io.taffrail.replication.codec.FrameCodec;
import io.taffrail.replication.port.EventLoop;
import io.taffrail.replication.port.Network;
import io.taffrail.replication.protocol.Event;
import io.taffrail.replication.protocol.LogPosition;
import io.taffrail.replication.protocol.Message;
import io.taffrail.wal.Wal;
import io.taffrail.wal.WalScrubber;
import io.taffrail.wal.segment.SegmentRebuild;
import io.taffrail.wal.segment.SegmentRebuild.Progress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// Verifies the closed segments in the background, says what it finds, and writes damaged ones anew with what
/// the other replicas hold. One step at a time is on its way to the disk, on the executor's threads;
/// everything else is the loop's. While a step is on its way the loop neither cuts nor trims the log.
final class Scrubbing {
    private static final long SECOND = 1_000_000_000;
    /// Read at once: long enough for the disk, short enough that a flush behind it is not late.
    private static final long STEP_BYTES = 256 << 10;
    private static final long LONGEST_STEP_BYTES = 4L << 20;
    /// What is written at once of a segment that is made anew.
    private static final int REBUILD_BYTES = 1 << 20;
    /// A request for a range, or its answer, was lost.
    private static final long ANSWER_NANOS = SECOND;
    /// After every peer was asked in vain.
    private static final long PATIENCE_NANOS = 10 * SECOND;
    /// A log that is behind with its flushes by so much is not to be kept from the disk.
    private static final long BEHIND_NANOS = 50_000_000;

    /// What a step costs the disk besides the bytes that it verifies.
    private static final long REQUEST_BYTES = 4096;
    private static final int MAX_DOUBTS = 64;
    /// More than a disk has that still reads anything. What is dropped would be taken for whole until the next round.
    static final int MAX_KNOWN = 4096;

    private final Wal wal;
    private final WalScrubber scrubber;
    private final DamageFile file;
    private final Executor disk;
    private final EventLoop loop;
    private final Network network;
    private final ScrubConfig config;
    private final Consumer<Event> events;
    private final Consumer<String> told;

    private final TreeMap<Long, ScrubStatus.Damage> damages = new TreeMap<>();
    /// Where somebody met bad bytes: to be verified at once.
    private final TreeSet<Long> doubts = new TreeSet<>();
    /// In the segment that is being verified.
    private final TreeSet<Long> foundInSegment = new TreeSet<>();
    private boolean busy;
    private @Nullable Long doubt;
    private long resumeLsn;
    private boolean tellsDamaged;
    private boolean fileIsStale;

    private long allowance;
    private long lastTickNanos;
    private long roundBeganNanos;
    private boolean roundOver;
    private long verifiedBytes;
    private long rounds;

    private @Nullable SegmentRebuild rebuild;
    private @Nullable ByteBuffer given;
    private Progress.@Nullable Lacking asked;
    private int askedNode = -1;
    private boolean waits;
    private long waitsUntilNanos;
    private int refusals;
    private long repairNotBefore = Long.MIN_VALUE;
    /// The damages before it were tried, and are tried again when those behind it were.
    private long triedLsn;
    /// Where the segments end that hold what no other replica gives.
    private long lostLsn;
    private long repaired;
    private long failedRepairs;
    private String lastFailure = "";
    private volatile ScrubStatus status = ScrubStatus.NONE;

    /// @param members other than this replica, the leader first; none: nobody can help
    record Surroundings(boolean leads, List<Integer> members, Envelope envelope) {}

    Scrubbing(
            Wal wal,
            DamageFile file,
            List<ScrubStatus.Damage> known,
            Executor disk,
            EventLoop loop,
            Network network,
            ScrubConfig config,
            RandomGenerator random,
            Consumer<Event> events,
            Consumer<String> told) {
        this.wal = wal;
        this.scrubber = wal.newScrubber();
        this.file = file;
        this.disk = disk;
        this.loop = loop;
        this.network = network;
        this.config = config;
        this.events = events;
        this.told = told;
        lastTickNanos = loop.nanoTime();
        roundBeganNanos = lastTickNanos;
        if (config.bytesPerSecond() > 0 && wal.receivedLsn() > wal.startLsn()) {
            // Not always at the beginning: a process that is started again and again would never come to the end.
            resumeLsn = random.nextLong(wal.startLsn(), wal.receivedLsn());
            scrubber.beginAt(resumeLsn);
        }
        for (var damage : known) {
            if (damage.fromLsn() >= wal.startLsn() && damage.fromLsn() < wal.receivedLsn()) {
                damages.put(damage.fromLsn(), damage);
                verifySoon(damage.fromLsn());
            }
        }
        fileIsStale = known.size() != damages.size();
        status = currentStatus();
    }

    /// Before anything else is told to the core: what was damaged before the start still is, for all that is
    /// known.
    void start() {
        tell();
    }

    /// 0, or the end of what was asked of every other replica in vain: it may be given up if nobody needs it.
    long lostLsn() {
        return damages.isEmpty() ? 0 : lostLsn;
    }

    /// A step is on its way to the disk.
    boolean isBusy() {
        return busy;
    }

    /// Somebody read what cannot be right. Any number of times: what is known to be damaged is not looked at
    /// again for that.
    void doubt(long lsn) {
        if (!isDamaged(lsn)) {
            verifySoon(lsn);
        }
    }

    /// What stands at `lsn` is known not to be what was written, or is about to be verified.
    boolean isDoubtful(long lsn) {
        return doubts.contains(lsn) || isDamaged(lsn);
    }

    boolean isDamaged(long lsn) {
        var known = damages.floorEntry(lsn);
        return known != null && known.getValue().covers(lsn);
    }

    private void verifySoon(long lsn) {
        if (doubts.size() < MAX_DOUBTS) {
            doubts.add(lsn);
        }
    }

    /// The log was cut, or begun anew: damages beyond are gone with it.
    void cut(long startLsn, long endLsn) {
        giveUpRebuild();
        lostLsn = 0;
        triedLsn = 0;
        var before = damages.size();
        damages.headMap(startLsn, false).clear();
        damages.tailMap(endLsn, true).clear();
        if (damages.size() != before) {
            changed();
        }
    }

    /// Several times a heartbeat, and not while the log is being cut.
    void tick(long nowNanos, long unflushedAgeNanos, Supplier<Surroundings> surroundings) {
        var rate = Math.clamp(
                config.bytesPerSecond() == 0 ? ScrubConfig.DEFAULTS.bytesPerSecond() : config.bytesPerSecond(),
                ScrubConfig.MIN_BYTES_PER_SECOND,
                ScrubConfig.MAX_BYTES_PER_SECOND);
        var elapsed = Math.clamp(nowNanos - lastTickNanos, 0, SECOND);
        lastTickNanos = nowNanos;
        allowance = Math.min(LONGEST_STEP_BYTES, allowance + (long) ((double) rate * elapsed / SECOND));
        if (trimmed()) {
            repairNotBefore = Long.MIN_VALUE;
            changed();
        }
        if (busy) {
            return;
        }
        if (fileIsStale) {
            writeFile();
            return;
        }
        // Filling a hole is worth more than the latency of appends.
        if (repair(nowNanos, surroundings) || unflushedAgeNanos > BEHIND_NANOS) {
            return;
        }
        scrub(nowNanos);
    }

    private boolean trimmed() {
        var start = wal.startLsn();
        if (damages.isEmpty() || damages.firstKey() >= start) {
            return false;
        }
        return damages.values().removeIf(damage -> Math.max(damage.fromLsn() + 1, damage.toLsn()) <= start);
    }

    // Verifying

    private void scrub(long nowNanos) {
        if (doubt == null && !doubts.isEmpty()) {
            doubt = doubts.first();
            foundInSegment.clear();
            scrubber.beginAt(doubt);
        }
        if (doubt == null) {
            if (config.bytesPerSecond() == 0) {
                return;
            }
            if (roundOver && nowNanos - roundBeganNanos < config.intervalNanos()) {
                return;
            }
            if (roundOver) {
                roundOver = false;
                roundBeganNanos = nowNanos;
            }
        }
        if (allowance < STEP_BYTES) {
            return;
        }
        var bytes = allowance;
        job(() -> scrubber.step(bytes), this::stepped);
    }

    private void stepped(WalScrubber.Step step) {
        verifiedBytes += step.verifiedBytes();
        allowance = Math.max(0, allowance - step.verifiedBytes() - REQUEST_BYTES);
        var found = step.damage();
        if (found != null) {
            found(found);
        }
        var ended = step.ended();
        if (ended != null) {
            ended(ended);
        }
        if (doubt != null && (ended != null || step.roundDone())) {
            // Of that segment everything is known now; of one that is still written nothing can be said.
            doubts.remove(doubt);
            doubt = null;
            scrubber.beginAt(resumeLsn);
            return;
        }
        if (doubt == null) {
            resumeLsn = step.lsn();
        }
        if (doubt == null && step.roundDone()) {
            rounds++;
            roundOver = true;
            resumeLsn = 0;
        }
    }

    private void ended(WalScrubber.Ended ended) {
        if (damages.subMap(ended.baseLsn(), ended.endLsn()).keySet().retainAll(foundInSegment)) {
            changed();
        }
        foundInSegment.clear();
        if (ended.whole()) {
            events.accept(new Event.Verified(ended.endLsn(), ended.chain()));
        }
    }

    private void found(WalScrubber.Damage found) {
        foundInSegment.add(found.fromLsn());
        var damage = new ScrubStatus.Damage(found.fromLsn(), found.toLsn(), found.what());
        var before = damages.get(found.fromLsn());
        if (damage.equals(before) || (before == null && damages.size() >= MAX_KNOWN)) {
            return;
        }
        damages.put(found.fromLsn(), damage);
        if (before == null || before.toLsn() != damage.toLsn()) {
            told.accept(describe(damage));
        }
        changed();
    }

    private static String describe(ScrubStatus.Damage damage) {
        return damage.fromLsn() == damage.toLsn()
                ? "the log is damaged: " + damage.what() + "; it is written anew"
                : ("the log is damaged from LSN %s to %s: %s. It is repaired from another replica if there is one that"
                                + " holds it (taffrail status tells); if this happens again, replace the volume")
                        .formatted(damage.fromLsn(), damage.toLsn(), damage.what());
    }

    private void changed() {
        fileIsStale = true;
        status = currentStatus();
        tell();
    }

    /// The core counts a copy with a hole nowhere. A header that is damaged hides no entry.
    private void tell() {
        var damaged = damages.values().stream().anyMatch(damage -> damage.toLsn() > damage.fromLsn());
        if (damaged != tellsDamaged) {
            tellsDamaged = damaged;
            events.accept(new Event.Damaged(damaged));
        }
    }

    private void writeFile() {
        fileIsStale = false;
        var now = List.copyOf(damages.values());
        job(
                () -> {
                    try {
                        file.write(now);
                        return true;
                    } catch (IOException unwritable) {
                        return false;
                    }
                },
                // Lost with this process, and found again by the next.
                _ -> {});
    }

    // Repairing

    /// True: the disk or a peer is busy with it.
    private boolean repair(long nowNanos, Supplier<Surroundings> surroundings) {
        if (rebuild == null && (damages.isEmpty() || nowNanos < repairNotBefore)) {
            return false;
        }
        var around = surroundings.get();
        var current = rebuild;
        if (current == null) {
            current = begin(around);
            if (current == null) {
                repairNotBefore = nowNanos + SECOND;
                return false;
            }
        }
        var lacking = asked;
        if (lacking == null) {
            step(current);
            return true;
        }
        if (around.leads() || around.members().isEmpty()) {
            giveUpRebuild();
            repairNotBefore = nowNanos + PATIENCE_NANOS;
            return false;
        }
        if (waits && nowNanos >= waitsUntilNanos) {
            waits = false;
            refusals++;
        }
        if (!waits) {
            ask(current, lacking, nowNanos, around);
        }
        return false;
    }

    /// Of the damages the next that this replica can do something about: a leader leaves leadership before
    /// it lets others fill its log, unless nothing of theirs is needed.
    private @Nullable SegmentRebuild begin(Surroundings around) {
        var next = begin(around, damages.tailMap(triedLsn));
        return next != null ? next : begin(around, damages.headMap(triedLsn));
    }

    private @Nullable SegmentRebuild begin(Surroundings around, SortedMap<Long, ScrubStatus.Damage> some) {
        var othersHelp = !around.leads() && !around.members().isEmpty();
        for (var damage : some.values()) {
            var next = wal.rebuild(damage.fromLsn());
            if (next != null && (othersHelp || !hasHole(next))) {
                rebuild = next;
                asked = null;
                given = null;
                refusals = 0;
                return next;
            }
        }
        return null;
    }

    private boolean hasHole(SegmentRebuild segment) {
        return damages.subMap(segment.baseLsn(), segment.endLsn()).values().stream()
                .anyMatch(damage -> damage.toLsn() > damage.fromLsn());
    }

    private void step(SegmentRebuild current) {
        var bytes = given;
        given = null;
        job(
                () -> bytes == null ? current.copy(REBUILD_BYTES) : current.give(bytes),
                progress -> rebuilt(current, progress));
    }

    private void rebuilt(SegmentRebuild current, Progress progress) {
        switch (progress) {
            case Progress.Copying _ -> asked = null;
            case Progress.Lacking lacking -> {
                asked = lacking;
                waits = false;
            }
            case Progress.Gone _ -> giveUpRebuild();
            case Progress.Done _ -> {
                rebuild = null;
                asked = null;
                repaired++;
                var inside = damages.subMap(current.baseLsn(), current.endLsn());
                told.accept("the segment from LSN %s to %s was written anew, and is whole"
                        .formatted(current.baseLsn(), current.endLsn()));
                inside.clear();
                changed();
            }
            case Progress.Failed(String why) -> failed(current, why);
        }
    }

    private void failed(SegmentRebuild current, String why) {
        giveUpRebuild();
        triedLsn = current.endLsn();
        failedRepairs++;
        if (!why.equals(lastFailure)) {
            told.accept("the damaged log could not be repaired, it is tried again: " + why);
        }
        lastFailure = why;
        repairNotBefore = loop.nanoTime() + (damages.tailMap(triedLsn).isEmpty() ? PATIENCE_NANOS : SECOND);
    }

    private void giveUpRebuild() {
        var current = rebuild;
        if (current != null && !busy) {
            current.close();
        }
        rebuild = null;
        asked = null;
        given = null;
        waits = false;
    }

    private void ask(SegmentRebuild current, Progress.Lacking lacking, long nowNanos, Surroundings around) {
        if (refusals > around.members().size()) {
            lostLsn = Math.max(lostLsn, current.endLsn());
            failed(
                    current,
                    "no other replica gives what stands from LSN %s to %s"
                            .formatted(lacking.gap().fromLsn(), lacking.gap().toLsn()));
            return;
        }
        askedNode = around.members().get(refusals % around.members().size());
        waits = true;
        waitsUntilNanos = nowNanos + ANSWER_NANOS;
        network.send(
                askedNode,
                FrameCodec.encode(
                        around.envelope(),
                        new Message.RangeRequest(
                                new LogPosition(lacking.at(), 0, lacking.atChain()),
                                new LogPosition(
                                        lacking.gap().toLsn(), 0, lacking.gap().toChain()))));
    }

    /// A peer's answer.
    void take(int from, Message.Range range) {
        var lacking = asked;
        var current = rebuild;
        if (lacking == null
                || current == null
                || !waits
                || from != askedNode
                || range.from().lsn() != lacking.at()) {
            return;
        }
        if (!range.entries().hasRemaining()) {
            waitsUntilNanos = loop.nanoTime();
            return;
        }
        given = range.entries();
        asked = null;
        waits = false;
        if (!busy) {
            step(current);
        }
    }

    // Steps

    private <T> void job(Supplier<T> step, Consumer<T> done) {
        busy = true;
        disk.execute(() -> {
            try {
                var result = step.get();
                loop.execute(() -> {
                    busy = false;
                    done.accept(result);
                    status = currentStatus();
                    if (fileIsStale && !busy) {
                        writeFile();
                    }
                });
            } catch (RuntimeException broken) {
                // Nobody hears it there.
                loop.execute(() -> {
                    throw broken;
                });
            }
        });
    }

    /// Any thread.
    ScrubStatus status() {
        return status;
    }

    private ScrubStatus currentStatus() {
        return new ScrubStatus(
                verifiedBytes,
                rounds,
                damages.values().stream().limit(ScrubStatus.MAX_DAMAGES).toList(),
                repaired,
                failedRepairs,
                lastFailure);
    }
}
