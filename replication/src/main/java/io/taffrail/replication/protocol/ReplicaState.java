package io.taffrail.replication.protocol;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// What every role shares: who this replica is, what it has promised, what its log holds, and the effects of the
/// step that is under way.
final class ReplicaState {
    private static final long SLOW_DISK_PATIENCE_NANOS = 600_000_000_000L;
    /// Epochs of the lineage that go into a message: enough unless a log holds more epochs than this that no one
    /// else knows.
    static final int LINEAGE_LIMIT = 64;

    final int nodeId;
    final UUID storageId;
    final long incarnation;
    final LogView log;
    final RandomGenerator random;
    final Lineage lineage = new Lineage();
    final ConfigurationHistory configurations;

    ProtocolConfig config;
    HardState hard;
    LogPosition end;
    long startLsn;
    long reportableLsn;
    long flushedLsn;
    Integrity integrity;
    /// What a majority has, as far as anyone told: of the log that counts, which this replica need not hold.
    long knownQuorumReceived;
    long knownQuorumFlushed;
    Watermarks watermarks = Watermarks.NONE;
    /// Epochs seen in any message; a candidate goes above it.
    long highestEpoch;
    boolean stopping;
    /// Bytes of the log that had been flushed are not what was written, and have not been repaired.
    boolean damaged;
    /// The last leader that was followed; -1: none in this incarnation.
    int lastLeader = -1;
    /// The highest incarnation that each storage was heard with, by anything that begins a conversation.
    final TreeMap<UUID, Long> incarnations = new TreeMap<>();
    /// Nodes with a connection now, in order.
    final TreeSet<Integer> connected = new TreeSet<>();

    @Nullable
    PendingTransfer transfer;

    /// No hand-over because of a slow disk before: neither by one that did so, nor by one that was handed leadership,
    /// since all may be slow.
    long slowHandOverAt = Long.MIN_VALUE;

    final DiskPace pace;
    long nowNanos;
    long unflushedAgeNanos;

    private long hardVersion;
    private long durableVersion;
    private long dirtyVersion;
    private long promiseVersion;
    private long intactVersion;
    private long nonces;
    private boolean truncating;
    private long cutLsn;
    private int seedFrom = -1;
    private List<EpochStart> seedLineage = List.of();
    private Integrity beforeSeed = Integrity.SUSPECT;
    /// What this replica is again once the damage is repaired; `SUSPECT`: only a leader can tell.
    private Integrity beforeDamage = Integrity.SUSPECT;
    private long refillLsn;
    private long seededVersion;
    private long historyVersion;
    private long heldQuorumFlushed;
    private List<Effect> effects = new ArrayList<>();

    ReplicaState(
            ReplicationCore.Start start, ProtocolConfig config, LogView log, RandomGenerator random, long nowNanos) {
        this.nowNanos = nowNanos;
        this.pace = new DiskPace(nowNanos);
        this.nodeId = start.nodeId();
        this.storageId = start.storageId();
        this.incarnation = start.incarnation();
        this.nonces = incarnation << 32;
        this.log = log;
        this.random = random;
        this.config = config;
        this.hard = start.hard();
        this.end = start.end();
        this.startLsn = start.startLsn();
        // What recovery found is on the disk: it was read from there.
        this.reportableLsn = end.lsn();
        this.flushedLsn = end.lsn();
        this.highestEpoch = hard.promisedEpoch();
        this.configurations = new ConfigurationHistory(hard.configurations());
        this.integrity = hard.suspect() ? Integrity.SUSPECT : hard.dirty() ? Integrity.AMNESIC : Integrity.INTACT;
        for (var seen : hard.standing().seen()) {
            incarnations.put(seen.storageId(), seen.incarnation());
        }
        for (var epochStart : start.lineage()) {
            lineage.add(epochStart);
        }
    }

    void putOffSlowHandOver() {
        slowHandOverAt = nowNanos + SLOW_DISK_PATIENCE_NANOS;
    }

    boolean belongsToCluster() {
        return hard.clusterId() != null;
    }

    Configuration configuration() {
        return configurations.current();
    }

    boolean isVoter() {
        return belongsToCluster() && configuration().isVoter(nodeId, storageId);
    }

    boolean isOnlyVoter() {
        return isVoter() && configuration().voters().size() == 1;
    }

    /// One of this history: a log that has not been cut since the history was entered may end with the former one's.
    Configuration configurationOfHistory() {
        return hasOnlyEntered() ? configurations.known().getFirst().configuration() : configuration();
    }

    LoggedConfiguration loggedConfiguration() {
        return configurations.known().getLast();
    }

    // Effects

    /// To a member that may belong to no cluster yet, and then knows no address to ask from; to any other it says
    /// nothing new.
    void invite(int node) {
        var cluster = hard.clusterId();
        var history = hard.historyId();
        if (cluster != null && history != null && configurationOfHistory().member(node) != null) {
            // The configuration that it is in, at LSN 0: what came of it since stands in the log that follows.
            send(node, invitation(cluster, history));
        }
    }

    /// To a replica that still holds a history which this one's replaced: it either is a member here, or out.
    void tellHistory(int node) {
        var cluster = hard.clusterId();
        var history = hard.historyId();
        if (cluster != null && history != null) {
            send(node, invitation(cluster, history));
        }
    }

    private Message.Invite invitation(UUID cluster, UUID history) {
        return new Message.Invite(
                cluster,
                history,
                hard.standing().formerHistories(),
                new LoggedConfiguration(0, configurationOfHistory()));
    }

    void emit(Effect effect) {
        effects.add(effect);
    }

    void send(int to, Message message) {
        effects.add(new Effect.Send(to, message));
    }

    List<Effect> takeEffects() {
        var taken = effects;
        effects = new ArrayList<>();
        return taken;
    }

    // Hard state

    /// Returns the version whose durability makes `next` true.
    long persist(HardState next) {
        if (!configurations.isEmpty()) {
            // `meta` has room for few, and each volume that is replaced leaves one.
            incarnations.keySet().removeIf(storage -> !configurations.names(storage));
        }
        hard = next.withStanding(next.standing().having(incarnations));
        hardVersion++;
        emit(new Effect.Persist(hardVersion, hard));
        return hardVersion;
    }

    long promise(long epoch, int node, long toIncarnation) {
        Check.that(epoch >= hard.promisedEpoch(), "I6: promise %s after %s", epoch, hard.promisedEpoch());
        sawEpoch(epoch);
        promiseVersion = persist(hard.withPromise(epoch, node, toIncarnation));
        return promiseVersion;
    }

    boolean promisedTo(long epoch, int node, long toIncarnation) {
        return hard.promisedEpoch() == epoch
                && hard.promisedNode() == node
                && hard.promisedIncarnation() == toIncarnation;
    }

    void hardStateDurable(long version) {
        durableVersion = Math.max(durableVersion, version);
    }

    boolean isDurable(long version) {
        return durableVersion >= version;
    }

    /// Of the newest promise; 0: it is durable since before this incarnation.
    long promiseVersion() {
        return promiseVersion;
    }

    boolean promiseIsDurable() {
        return isDurable(promiseVersion);
    }

    /// False: a later process of this storage has been heard before. That the replica learns of it goes with the next
    /// thing that it makes durable: a peer that forgets it loses a guard, not a promise.
    boolean isCurrent(UUID storage, long theirIncarnation) {
        var seen = incarnations.getOrDefault(storage, 0L);
        if (theirIncarnation < seen) {
            return false;
        }
        if (theirIncarnation > seen && isMember(storage)) {
            incarnations.put(storage, theirIncarnation);
        }
        return true;
    }

    private boolean isMember(UUID storage) {
        return configuration().members().stream()
                .anyMatch(member -> member.storageId().equals(storage));
    }

    /// To one of an epoch below the promise. Silent while a disk that may hang has not made the promise durable: it
    /// binds nobody yet, and with it this replica could depose one leader after the other and follow none.
    void refuse(int to, long epoch) {
        if (promiseIsDurable()) {
            send(to, new Message.Stale(epoch, hard.promisedEpoch()));
        }
    }

    // Histories

    /// From here on this log, up to where it ends, is the beginning of `newHistory`. The configuration is durable with
    /// it: after a crash the survivors are those who elect.
    void replaceHistory(UUID newHistory, Configuration next) {
        var before = hard.historyId();
        Check.that(before != null, "a replica without history has none to replace");
        if (before != null) {
            beforeDamage = Integrity.SUSPECT;
            configurations.replace(new LoggedConfiguration(end.lsn(), next));
            // What a majority of the old history held beyond this log is lost; nobody may take it for committed here.
            knownQuorumReceived = Math.min(knownQuorumReceived, end.lsn());
            knownQuorumFlushed = Math.min(knownQuorumFlushed, end.lsn());
            var epoch = Math.max(highestEpoch, hard.promisedEpoch()) + ForcedRecovery.EPOCHS_SKIPPED;
            sawEpoch(epoch);
            // In one write: a process that knew the history and not the epoch would give one of the former.
            historyVersion = persist(hard.withStanding(hard.standing().replacing(before))
                    .withCluster(Objects.requireNonNull(hard.clusterId()), newHistory, configurations.known())
                    .withPromise(epoch, nodeId, incarnation));
            emit(new Effect.Locate(next.members()));
            emit(new Effect.StatusChanged());
        }
    }

    /// A crash would not take back what [#replaceHistory] began.
    boolean historyIsDurable() {
        return isDurable(historyVersion);
    }

    /// Another replica's forced recovery replaced the history of this one. Nothing that was known of a majority holds
    /// any more, and what of this log is in the new history has to be found out: it counts nowhere until then.
    void enterHistory(Message.Invite invite) {
        configurations.replace(invite.configuration());
        integrity = Integrity.SUSPECT;
        beforeDamage = Integrity.SUSPECT;
        knownQuorumReceived = 0;
        knownQuorumFlushed = 0;
        heldQuorumFlushed = 0;
        persist(hard.withStanding(hard.standing().entering(invite.formerHistories()))
                .withSuspect(true)
                .withCluster(invite.clusterId(), invite.historyId(), configurations.known()));
        emit(new Effect.Locate(invite.configuration().configuration().members()));
        emit(new Effect.StatusChanged());
        publish(watermarks.cutTo(0));
        if (!isRefilled()) {
            // The state is ahead of the log, by entries that this history may not have.
            refillLsn = 0;
            truncate(0);
        }
    }

    /// A leader of this history leads or has opened, so its beginning is in the log.
    void historyOpened() {
        if (hard.standing().forced()) {
            persist(hard.withStanding(hard.standing().opened()));
        }
    }

    /// It has never counted in this history. So it has forgotten nothing of it, whatever became of its log.
    boolean hasOnlyEntered() {
        return hard.standing().entered();
    }

    /// Takes no part any more, also after a restart.
    void evict(Eviction why) {
        if (hard.standing().eviction() != why) {
            persist(hard.withStanding(hard.standing().evicted(why)));
            emit(new Effect.StatusChanged());
        }
    }

    /// Makes sure that the next incarnation will know that this one acknowledged from memory.
    void markDirty() {
        if (!hard.dirty()) {
            dirtyVersion = persist(hard.withDirty(true));
        }
    }

    /// How far this replica may say that it has received: no further than what a crash cannot make it forget
    /// without knowing so.
    long vouchedLsn() {
        return hard.dirty() && isDurable(dirtyVersion) ? Math.max(flushedLsn, reportableLsn) : flushedLsn;
    }

    void sawEpoch(long epoch) {
        highestEpoch = Math.max(highestEpoch, epoch);
    }

    /// Never used before by this storage: a leader may read a question of a former incarnation late, and its answer
    /// is about a log that has been forgotten since.
    long nextNonce() {
        nonces++;
        return nonces;
    }

    // The log

    /// A replica that has caught up with a leader holds everything that it ever acknowledged. What it forgot does
    /// not come back, so `dirty` stays until a clean shutdown.
    void becomeIntact() {
        if (integrity == Integrity.INTACT) {
            return;
        }
        integrity = Integrity.INTACT;
        beforeDamage = Integrity.SUSPECT;
        if (hard.suspect()) {
            intactVersion =
                    persist(hard.withSuspect(false).withStanding(hard.standing().counting()));
        }
        emit(new Effect.StatusChanged());
    }

    /// What would have to be taken back after a crash is not said: *intact*, or *amnesic* after *suspect*.
    boolean intactIsDurable() {
        return isDurable(intactVersion);
    }

    /// A copy with a hole is none: it counts nowhere until the hole is filled, also after a restart. Where
    /// there is no other copy to fill it from, nothing is won by that.
    void distrustIfDamaged() {
        if (!damaged || integrity == Integrity.SUSPECT || !belongsToCluster() || isOnlyVoter()) {
            return;
        }
        // One that is filled up behind a seed is suspect to its next process in any case.
        beforeDamage = hard.suspect() ? Integrity.SUSPECT : integrity;
        integrity = Integrity.SUSPECT;
        persist(hard.withSuspect(true));
        emit(new Effect.StatusChanged());
    }

    /// The log holds again what it held: a peer's bytes, between the same two chain checksums, or it has been
    /// trimmed behind them. Meanwhile it has lost only what a leader had it cut, as any follower. So what this
    /// replica could vouch for it can vouch for again, and needs no leader for that: without one it may be the
    /// voter that the others lack. Not while the log is cut, of which it may turn out that nothing is left.
    void trustIfRepaired() {
        if (damaged || truncating || beforeDamage == Integrity.SUSPECT) {
            return;
        }
        integrity = beforeDamage;
        beforeDamage = Integrity.SUSPECT;
        intactVersion = persist(hard.withSuspect(false));
        emit(new Effect.StatusChanged());
    }

    void appended(Event.Appended appended) {
        Check.that(!truncating, "appended up to %s while the log is cut", appended.end());
        Check.that(
                appended.end().lsn() >= end.lsn() && appended.end().epoch() >= end.epoch(),
                "I3, I4: %s follows %s",
                appended.end(),
                end);
        end = appended.end();
        for (var entry : appended.control()) {
            switch (entry) {
                case Event.ControlEntry.EpochBegun(EpochStart start, long _) -> lineage.add(start);
                case Event.ControlEntry.Configured(Configuration next, long endLsn) -> {
                    configurations.add(new LoggedConfiguration(endLsn, next));
                    var _ = configurationChanged();
                }
            }
        }
    }

    /// What this log says of the entry that ends at `lsn`.
    LogView.Chain chainAt(long lsn) {
        return lsn == 0
                ? new LogView.Chain.Known(0)
                : lsn == end.lsn() ? new LogView.Chain.Known(end.chainCrc()) : log.chainAt(lsn);
    }

    /// Nothing is appended and nothing testified until it is done.
    void truncate(long lsn) {
        checkCut(lsn);
        truncating = true;
        cutLsn = lsn;
        emit(new Effect.Truncate(lsn));
    }

    boolean isTruncating() {
        return truncating;
    }

    /// The files are fetched beside what is here, which stays what it is meanwhile: the leader may be lost before
    /// all have come, and then this replica is a voter as before.
    void copySeed(int from, Message.Reseed offer) {
        truncating = true;
        seedFrom = from;
        seedLineage = offer.lineage();
        emit(new Effect.Seed(from, offer));
        emit(new Effect.StatusChanged());
    }

    boolean isSeeding() {
        return seedFrom >= 0;
    }

    /// -1: no seed is being fetched.
    int seedFrom() {
        return seedFrom;
    }

    /// Nothing of this log is to be trusted from here on; it is replaced. A crash on the way leaves a suspect replica.
    void seed() {
        beforeSeed = integrity;
        integrity = Integrity.SUSPECT;
        beforeDamage = Integrity.SUSPECT;
        persist(hard.withSuspect(true));
        emit(new Effect.InstallSeed(lineage.commonLsn(end, seedLineage)));
        emit(new Effect.StatusChanged());
    }

    void seeded(Event.Seeded seeded) {
        truncating = false;
        seedFrom = -1;
        seedLineage = List.of();
        emit(new Effect.StatusChanged());
        var start = seeded.start();
        var offer = seeded.offer();
        if (start == null || offer == null) {
            trustIfRepaired();
            return;
        }
        // As after a cut: what stood in the part that is given up is in force no more.
        configurations.truncate(start.lsn());
        var told = offer.configuration();
        var isTold = told.endLsn() <= seeded.stateLsn() && told.configuration().member(nodeId) != null;
        if (isTold) {
            // Ahead of the log, as the state is: a majority has flushed what both are of. Its entry may lie below
            // this log's start, and between there and the state a start reads none.
            var entered = configurations.known().getFirst();
            configurations.replace(hasOnlyEntered() ? entered : told);
            configurations.add(told);
        }
        // As after a cut: what is gone was in no majority, or this leader would hold it, and it has trimmed only what
        // a majority has flushed. So what this voter may forget is what it may have forgotten before. A learner counts
        // nowhere, and nobody is to make a voter of it before a crash would leave one. Nor does one that does not know
        // yet who the voters were where its log begins: with those that it remembers it could elect itself.
        integrity = isTold && isVoter() ? beforeSeed : Integrity.SUSPECT;
        refillLsn = seeded.stateLsn();
        end = start;
        startLsn = start.lsn();
        reportableLsn = start.lsn();
        flushedLsn = start.lsn();
        heldQuorumFlushed = Math.min(heldQuorumFlushed, start.lsn());
        lineage.truncate(0);
        for (var epochStart : offer.lineage()) {
            // Those beyond come with their entries.
            if (epochStart.startLsn() < start.lsn()) {
                lineage.add(epochStart);
            }
        }
        seededVersion = configurationChanged();
        publish(watermarks.cutTo(start.lsn()));
    }

    /// With entries beyond the state the next process would take this log for whole, and the configurations for those
    /// of before.
    boolean seededIsDurable() {
        return isDurable(seededVersion);
    }

    /// Until the log has come to where the streams' state is, a start cannot tell it from one that has lost flushed
    /// bytes.
    void refilled() {
        if (hard.suspect() && integrity != Integrity.SUSPECT && !truncating && isRefilled()) {
            persist(hard.withSuspect(false));
        }
    }

    boolean isRefilled() {
        return flushedLsn >= refillLsn;
    }

    void truncated(LogPosition newEnd) {
        truncating = false;
        if (newEnd.lsn() < end.lsn()) {
            // With the log the state has gone back.
            refillLsn = Math.min(refillLsn, newEnd.lsn());
        }
        end = newEnd;
        reportableLsn = Math.min(reportableLsn, newEnd.lsn());
        flushedLsn = Math.min(flushedLsn, newEnd.lsn());
        lineage.truncate(newEnd.lsn());
        // What was declared lost is not to be read here any more either.
        publish(watermarks.cutTo(newEnd.lsn()));
        if (configurations.truncate(newEnd.lsn())) {
            var _ = configurationChanged();
        }
        if (newEnd.lsn() != cutLsn) {
            // It was begun anew, with nothing.
            beforeDamage = Integrity.SUSPECT;
        }
        trustIfRepaired();
    }

    private long configurationChanged() {
        var version = persist(hard.withConfigurations(configurations.known()));
        emit(new Effect.Locate(configuration().members()));
        emit(new Effect.StatusChanged());
        return version;
    }

    /// This log is a prefix of a leader's, or the leader's own: so much of it is what a majority has flushed. Told
    /// outside of a session, the same number would say nothing about the bytes that stand here.
    void holds(long quorumFlushed) {
        heldQuorumFlushed = Math.max(heldQuorumFlushed, Math.min(quorumFlushed, end.lsn()));
    }

    /// No byte that a majority has flushed is ever cut (I17).
    private void checkCut(long lsn) {
        Check.that(
                lsn >= heldQuorumFlushed,
                "I17: cut at %s below the quorum's flushed %s, log ends at %s",
                lsn,
                heldQuorumFlushed,
                end.lsn());
    }

    void publish(Watermarks next) {
        if (!next.equals(watermarks)) {
            watermarks = next;
            emit(new Effect.Advance(next));
        }
    }

    /// Leadership was handed over: what came of it is known when somebody leads again, which may be this replica.
    record PendingTransfer(long requestId, int target, long deadlineNanos) {}

    /// Also while it asks in vain whether it may lead.
    void expireTransfer() {
        if (transfer != null && nowNanos >= transfer.deadlineNanos()) {
            endTransfer(new Effect.RequestResult.Indeterminate("no leader is known yet"));
        }
    }

    void endTransfer(Effect.RequestResult result) {
        if (transfer != null) {
            emit(new Effect.RequestDone(transfer.requestId(), result));
            transfer = null;
        }
    }

    long randomElectionTimeout() {
        return random.nextLong(config.electionTimeoutMinNanos(), config.electionTimeoutMaxNanos());
    }
}
