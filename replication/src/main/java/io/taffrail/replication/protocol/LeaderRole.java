package io.taffrail.replication.protocol;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/// Leads one epoch: ships the log, counts what is acknowledged, and says what holds.
///
/// It is not open until its EPOCH_BEGIN, and with it everything it adopted, is flushed on a majority (I9). Until
/// then nothing is acknowledged and no watermark published: entries that were inherited and merely counted may
/// still lose against a log that this leader has not seen.
final class LeaderRole implements Role {
    /// Nobody waits for the answer.
    private static final long NO_REQUEST = 0;
    /// Between two tries to leave leadership because of a damaged log.
    private static final long DAMAGE_PATIENCE_NANOS = 10_000_000_000L;

    private final ReplicaState state;
    private final long epoch;
    private final int tier;
    private final List<Integer> testified;
    private final TreeMap<Integer, FollowerProgress> followers = new TreeMap<>();
    private final ReadRounds reads;

    private boolean open;
    private long barrierLsn = Long.MAX_VALUE;
    private long sessions;
    private long heartbeatAt;
    private long flushThroughLsn;
    private boolean acknowledgesFromMemory;
    private long toldQuorumReceived;
    private long toldQuorumFlushed;

    // Lag of the majority: what was the end when the mark was set
    private long lagMarkLsn;
    private long lagMarkNanos;

    private @Nullable Transfer transfer;
    private @Nullable PendingChange pendingChange;
    private long stallHandOverAt;
    private long damageHandOverAt = Long.MIN_VALUE;

    private record Transfer(long requestId, int target, long giveUpNanos, boolean told) {}

    private record PendingChange(long requestId, long configId, long endLsn) {}

    LeaderRole(ReplicaState state, long epoch, int tier, List<Integer> testified) {
        this.state = state;
        this.epoch = epoch;
        this.tier = tier;
        this.testified = testified;
        this.reads = new ReadRounds(state);
    }

    @Override
    public Role enter() {
        Check.that(epoch == state.hard.promisedEpoch(), "I8: leads %s, promised %s", epoch, state.hard.promisedEpoch());
        Check.that(epoch > state.end.epoch(), "I5: epoch %s is in the log already: %s", epoch, state.end);
        state.lastLeader = state.nodeId;
        if (state.transfer != null) {
            // The target stood and lost. Left pending it would refuse every transfer of this reign.
            state.endTransfer(new Effect.RequestResult.Refused(
                    Effect.Reason.NOT_NOW, "node %s leads again".formatted(state.nodeId)));
        }
        meetMembers();
        // Sessions of different reigns never share a number, or an acknowledgement of one could count in the other.
        sessions = epoch << 20;
        // A forced recovery that crashed before its leader opened goes on by an election, and is declared all the same.
        var forced = state.hard.standing().forced();
        state.emit(new Effect.AppendEpochBegin(new Effect.EpochBegin(
                new EpochStart(epoch, state.end.lsn(), state.end.epoch(), state.end.chainCrc()),
                state.nodeId,
                state.incarnation,
                state.configuration().id(),
                forced ? Effect.EpochBegin.FORCED_TIER : tier,
                forced || tier > 1,
                testified)));
        return this;
    }

    private void meetMembers() {
        var members = state.configuration().members();
        followers.values().removeIf(progress -> !members.contains(progress.member));
        for (var member : members) {
            if (member.nodeId() != state.nodeId) {
                followers.computeIfAbsent(member.nodeId(), _ -> new FollowerProgress(member, state.nowNanos));
            }
        }
    }

    @Override
    public Role appended(Event.Appended appended) {
        for (var entry : appended.control()) {
            switch (entry) {
                case Event.ControlEntry.EpochBegun(EpochStart start, long endLsn) -> {
                    Check.that(start.epoch() == epoch, "I7: epoch %s begins in the reign of %s", start.epoch(), epoch);
                    barrierLsn = endLsn;
                    lagMarkLsn = endLsn;
                    lagMarkNanos = state.nowNanos;
                    flushThroughLsn = endLsn;
                    state.emit(new Effect.RequestFlush());
                    heartbeat();
                    if (state.hard.standing().forced()) {
                        // The recovery put it in force; from here on the log says so to everyone.
                        state.emit(new Effect.AppendConfiguration(epoch, state.configuration()));
                    }
                }
                case Event.ControlEntry.Configured(Configuration next, long endLsn) -> {
                    if (state.hard.standing().forced()) {
                        barrierLsn = endLsn;
                    }
                    if (pendingChange != null && pendingChange.configId() == next.id()) {
                        pendingChange = new PendingChange(pendingChange.requestId(), next.id(), endLsn);
                    }
                    flushThroughLsn = endLsn;
                    state.emit(new Effect.RequestFlush());
                    meetMembers();
                    heartbeat();
                }
            }
        }
        if (appended.flushWanted()) {
            flushThroughLsn = state.end.lsn();
        }
        if (appended.acknowledgedFromMemory() && !acknowledgesFromMemory && !state.stopping) {
            acknowledgesFromMemory = true;
            state.markDirty();
        }
        for (var progress : followers.values()) {
            ship(progress);
        }
        return this;
    }

    // Shipping

    private Message.LeaderView leaderView() {
        toldQuorumReceived = state.watermarks.quorumReceived();
        toldQuorumFlushed = state.watermarks.quorumFlushed();
        return new Message.LeaderView(
                reads.sentNanos(),
                Math.max(toldQuorumReceived, state.knownQuorumFlushed),
                Math.max(toldQuorumFlushed, state.knownQuorumFlushed),
                acknowledgesFromMemory);
    }

    private void ship(FollowerProgress progress) {
        if (progress.inSession() && progress.next().lsn() < state.startLsn) {
            // It joined when the log still held what it lacks, and was not heard of before that was trimmed. It has
            // to join again, and begins anew.
            progress.leave();
            state.emit(new Effect.StatusChanged());
            return;
        }
        if (progress.wantsMore(state.end, state.config.windowBytes())) {
            state.emit(new Effect.Ship(
                    progress.member.nodeId(),
                    epoch,
                    progress.session(),
                    leaderView(),
                    progress.next(),
                    progress.next().lsn() < flushThroughLsn));
        }
    }

    void shipped(Event.Shipped shipped) {
        var progress = followers.get(shipped.to());
        if (progress != null && progress.session() == shipped.session()) {
            progress.shipped(shipped.session(), shipped.end());
            ship(progress);
        }
    }

    void shipReady(int follower) {
        var progress = followers.get(follower);
        if (progress != null) {
            ship(progress);
        }
    }

    private void heartbeat() {
        heartbeatAt = state.nowNanos + state.config.heartbeatNanos();
        var view = leaderView();
        for (var progress : followers.values()) {
            if (progress.session() == 0) {
                state.invite(progress.member.nodeId());
            }
            state.send(
                    progress.member.nodeId(),
                    new Message.Heartbeat(
                            epoch,
                            progress.session(),
                            view,
                            progress.inSession() ? progress.next().lsn() : 0));
        }
    }

    // What followers say

    @Override
    public Role received(Event.Received received) {
        return switch (received.message()) {
            case Message.Join join -> {
                join(received, join);
                yield this;
            }
            case Message.Acknowledge acknowledge -> acknowledge(received, acknowledge);
            case Message.Compare(long _, long session, long lsn, int chainCrc) -> {
                var progress = followers.get(received.from());
                // Within its session a follower's log is a prefix of this one.
                if (progress != null && progress.isIn(session) && lsn <= progress.appendedLsn()) {
                    state.emit(new Effect.ReadChain(received.from(), session, lsn, chainCrc));
                }
                yield this;
            }
            default -> this;
        };
    }

    private void join(Event.Received received, Message.Join join) {
        var progress = followers.get(received.from());
        if (progress == null || !progress.member.storageId().equals(received.fromStorage())) {
            return;
        }
        LogPosition cut;
        switch (Lineage.meet(state.lineage, state.end, join.lineage(), join.end())) {
            case Lineage.Meeting.Broken(String message) ->
                throw new Check.BrokenInvariantException("I1: node %s: %s".formatted(received.from(), message));
            case Lineage.Meeting.None _ -> {
                // Until a majority has flushed what this leader adopted nobody gives up an entry that may be needed
                // for it. One whose log ends below this one's holds none of them, and may be the one that the
                // majority lacks.
                if (open || join.end().lsn() < state.startLsn) {
                    offerSeed(received, join, progress);
                }
                return;
            }
            case Lineage.Meeting.At meeting -> cut = meeting.cut();
        }
        if (cut.lsn() < state.startLsn) {
            // What is trimmed here a majority has flushed, and the other log holds something else there: nobody will
            // ever need that, nor what follows it.
            offerSeed(received, join, progress);
            return;
        }
        switch (state.chainAt(cut.lsn())) {
            case LogView.Chain.Unreadable _ -> {
                // It asks again; by then this log is mended, or another leads.
                return;
            }
            case LogView.Chain.None _ ->
                throw new Check.BrokenInvariantException(
                        "I1: node %s has %s, no entry of this log ends there".formatted(received.from(), cut));
            case LogView.Chain.Known(int own) ->
                Check.that(own == cut.chainCrc(), "I1: node %s has %s, this log has %08x", received.from(), cut, own);
        }
        sessions++;
        progress.join(state.nowNanos, sessions, received.fromIncarnation(), join.integrity(), cut);
        state.send(received.from(), new Message.Welcome(epoch, join.nonce(), sessions, cut, state.end.lsn()));
    }

    /// The logs part below what this one still holds.
    private void offerSeed(Event.Received received, Message.Join join, FollowerProgress progress) {
        progress.offeredSeed(state.nowNanos, state.startLsn);
        state.emit(new Effect.OfferSeed(received.from(), epoch, join.nonce()));
    }

    void seedAsked(Event.Received received) {
        var progress = followers.get(received.from());
        if (progress != null && progress.member.storageId().equals(received.fromStorage())) {
            progress.askedForSeed(state.nowNanos);
        }
    }

    private Role acknowledge(Event.Received received, Message.Acknowledge acknowledge) {
        var progress = followers.get(received.from());
        if (progress == null || !progress.accepts(received.fromStorage(), received.fromIncarnation(), acknowledge)) {
            return this;
        }
        if (progress.isBeyondSent(acknowledge)) {
            var sent = progress.next();
            progress.leave();
            state.emit(new Effect.Violation(
                    received.from(),
                    "acknowledges %s, flushed %s, and was sent the log up to %s"
                            .formatted(acknowledge.appendedLsn(), acknowledge.flushedLsn(), sent)));
            state.emit(new Effect.StatusChanged());
            return this;
        }
        Check.that(
                acknowledge.appendedLsn() <= state.end.lsn(),
                "I2: node %s was sent the log up to %s, it ends at %s",
                received.from(),
                progress.next(),
                state.end.lsn());
        progress.acknowledge(state.nowNanos, acknowledge);
        updateInSync(progress);
        ship(progress);
        if (open && reads.proven(provenNanos(), epoch)) {
            heartbeat();
        }
        return count();
    }

    /// Both stop where they differ, and neither cuts anything: which of the two is wrong is for people to
    /// find out.
    void chainRead(Event.ChainRead read) {
        var progress = followers.get(read.follower());
        if (progress == null || !progress.isIn(read.session())) {
            return;
        }
        state.send(read.follower(), new Message.Compared(epoch, read.session(), read.lsn(), read.own()));
        if (read.own() != read.theirs()) {
            var message = String.format(
                    Locale.ROOT,
                    "I1: node %s has verified %08x at %s in its log, this one has %08x",
                    read.follower(),
                    read.theirs(),
                    read.lsn(),
                    read.own());
            state.emit(new Effect.Close("halted: " + message));
            state.emit(new Effect.Halt(message));
        }
    }

    private void updateInSync(FollowerProgress progress) {
        if (progress.updateInSync(
                state.nowNanos, state.end.lsn(), state.config.lagBytes(), state.config.syncTimeoutNanos())) {
            state.emit(new Effect.StatusChanged());
        }
    }

    // Counting

    @Override
    public Role progress() {
        return count();
    }

    private Role count() {
        if (barrierLsn == Long.MAX_VALUE) {
            return this;
        }
        var counted = CommitTracker.watermarks(own(), otherVoters(), fromMemoryCounts());
        if (!open) {
            if (counted.quorumFlushed() < barrierLsn || state.flushedLsn < barrierLsn) {
                return this;
            }
            open();
        }
        var before = state.watermarks;
        var next = new Watermarks(
                counted.leaderReceived(),
                counted.leaderFlushed(),
                Math.max(before.quorumReceived(), counted.quorumReceived()),
                Math.max(before.quorumFlushed(), counted.quorumFlushed()),
                Math.max(before.allReceived(), counted.allReceived()),
                Math.max(before.allFlushed(), counted.allFlushed()));
        state.knownQuorumFlushed = Math.max(state.knownQuorumFlushed, next.quorumFlushed());
        state.knownQuorumReceived = Math.max(state.knownQuorumFlushed, next.quorumReceived());
        state.holds(next.quorumFlushed());
        if (next.quorumReceived() >= lagMarkLsn) {
            lagMarkLsn = state.end.lsn();
            lagMarkNanos = state.nowNanos;
        }
        state.publish(next);
        changeCommitted(next.quorumFlushed());
        return advanceTransfer();
    }

    private void open() {
        open = true;
        // The barrier holds all that any majority counted, so whatever this replica had forgotten is back.
        state.becomeIntact();
        state.historyOpened();
        state.watermarks = Watermarks.NONE;
        state.emit(new Effect.Open(epoch));
        state.emit(new Effect.StatusChanged());
    }

    private CommitTracker.Copy own() {
        return new CommitTracker.Copy(state.vouchedLsn(), state.flushedLsn, true);
    }

    private CommitTracker.Copy[] otherVoters() {
        var voters = state.configuration().voters();
        var copies = new ArrayList<CommitTracker.Copy>(voters.size());
        for (var voter : voters) {
            if (voter.nodeId() != state.nodeId) {
                var progress = followers.get(voter.nodeId());
                copies.add(progress == null ? CommitTracker.Copy.NONE : progress.copy());
            }
        }
        return copies.toArray(CommitTracker.Copy[]::new);
    }

    /// With no intact voter to spare, one more loss of memory could take what only memory holds on a majority: then
    /// asynchronous commit waits for the flush until redundancy is back.
    private boolean fromMemoryCounts() {
        var voters = state.configuration().voters();
        if (voters.size() == 1) {
            return true;
        }
        var intact = 1;
        for (var voter : voters) {
            var progress = followers.get(voter.nodeId());
            if (progress != null && progress.inSync() && progress.integrity() == Integrity.INTACT) {
                intact++;
            }
        }
        return intact > state.configuration().majority();
    }

    int copies(long lsn, boolean flushed) {
        var copies = holds(own(), lsn, flushed) ? 1 : 0;
        for (var voter : state.configuration().voters()) {
            var progress = followers.get(voter.nodeId());
            copies += progress != null && holds(progress.copy(), lsn, flushed) ? 1 : 0;
        }
        return copies;
    }

    private static boolean holds(CommitTracker.Copy copy, long lsn, boolean flushed) {
        return (flushed ? copy.flushed() : copy.received()) >= lsn;
    }

    long neededByMembersLsn(LongPredicate damaged) {
        var needed = state.end.lsn();
        for (var progress : followers.values()) {
            needed = Math.min(needed, progress.neededLsn(state.nowNanos, damaged));
        }
        return needed;
    }

    int inSyncCount() {
        var count = 1;
        for (var voter : state.configuration().voters()) {
            var progress = followers.get(voter.nodeId());
            count += progress != null && progress.inSync() ? 1 : 0;
        }
        return count;
    }

    // Authority

    /// Until when this leader may believe that no other is open. It bounds waste and stale reads; no promise
    /// rests on it.
    private long leaseEndNanos() {
        var voters = state.configuration().voters();
        return voters.size() == 1 ? Long.MAX_VALUE : provenNanos() + state.config.leaseNanos();
    }

    /// A majority has answered to what this leader sent at that time, so nobody had led a later epoch by then.
    private long provenNanos() {
        var voters = state.configuration().voters();
        var proofs = new long[voters.size()];
        for (var i = 0; i < proofs.length; i++) {
            var progress = followers.get(voters.get(i).nodeId());
            proofs[i] = progress == null ? reads.ownNanos() : progress.echoNanos();
        }
        return CommitTracker.majority(proofs);
    }

    /// Answers when it is sure that this replica led when the question came.
    void readIndex(long requestId) {
        if (!open) {
            refuse(requestId, Effect.Reason.NOT_LEADER, "the leader is opening");
        } else if (state.configuration().voters().size() == 1) {
            state.emit(new Effect.RequestDone(
                    requestId, new Effect.RequestResult.Done(state.watermarks.quorumReceived(), epoch)));
        } else if (reads.ask(requestId, state.watermarks.quorumReceived())) {
            heartbeat();
        }
    }

    boolean hasAuthority(long nowNanos) {
        return open && nowNanos < leaseEndNanos();
    }

    boolean admits(long nowNanos) {
        return hasAuthority(nowNanos) && transfer == null && !state.stopping && !lags(nowNanos);
    }

    private boolean lags(long nowNanos) {
        if (state.configuration().voters().size() == 1) {
            return false;
        }
        var lag = state.end.lsn() - state.watermarks.quorumReceived();
        return lag > state.config.lagBytes()
                || (state.watermarks.quorumReceived() < lagMarkLsn
                        && nowNanos - lagMarkNanos > state.config.lagNanos());
    }

    @Override
    public Role tick() {
        for (var progress : followers.values()) {
            updateInSync(progress);
        }
        reads.expire();
        var leaseEnd = leaseEndNanos();
        if (leaseEnd != Long.MAX_VALUE && state.nowNanos > leaseEnd + state.config.electionTimeoutMinNanos()) {
            return deposed("no majority has answered for too long");
        }
        if (open
                && state.unflushedAgeNanos > state.config.diskStallTimeoutNanos()
                && state.nowNanos >= stallHandOverAt) {
            // It may well be alone, or the others may refuse: one try in a stall timeout.
            stallHandOverAt = state.nowNanos + state.config.diskStallTimeoutNanos();
            handOver();
        }
        if (open && state.nowNanos >= state.slowHandOverAt && state.pace.isSlow(state.nowNanos)) {
            leaveSlowDisk();
        }
        if (open && state.damaged && state.nowNanos >= damageHandOverAt && mayHandOver()) {
            // As a follower it can be filled up; here it would go on shipping and serving a log with a hole.
            damageHandOverAt = state.nowNanos + DAMAGE_PATIENCE_NANOS;
            transfer(NO_REQUEST, -1);
        }
        if (state.nowNanos >= heartbeatAt
                || toldQuorumFlushed < state.watermarks.quorumFlushed()
                || toldQuorumReceived < state.watermarks.quorumReceived()) {
            heartbeat();
        }
        for (var progress : followers.values()) {
            ship(progress);
        }
        return count();
    }

    // Leadership transfer

    void transfer(long requestId, int target) {
        var chosen = target >= 0 ? target : mostAdvanced();
        var progress = followers.get(chosen);
        if (target == state.nodeId) {
            state.emit(new Effect.RequestDone(requestId, new Effect.RequestResult.Done(state.end.lsn(), epoch)));
        } else if (!open || transfer != null || state.transfer != null) {
            refuse(requestId, Effect.Reason.NOT_NOW, "the leader is opening, or another transfer is under way");
        } else if (target >= 0 && state.configuration().voter(target) == null) {
            refuse(requestId, Effect.Reason.INVALID, "no voter %s is in the configuration".formatted(target));
        } else if (state.configuration().voters().size() == 1) {
            refuse(requestId, Effect.Reason.INVALID, "there is no other voter");
        } else if (progress == null || !progress.inSession() || progress.integrity() == Integrity.SUSPECT) {
            var whom = target >= 0 ? "voter " + target + " does not follow" : "no voter follows";
            refuse(requestId, Effect.Reason.NOT_NOW, whom + " this leader with a log that is whole");
        } else {
            transfer =
                    new Transfer(requestId, chosen, state.nowNanos + 2 * state.config.electionTimeoutMaxNanos(), false);
            flushThroughLsn = state.end.lsn();
            heartbeat();
            advanceTransfer();
        }
    }

    /// Nothing is wrong with what it holds, so it hands over as when asked to. At most once in a while: with a disk
    /// that is slow and quick by turns, or where all are slow, moving about helps nobody.
    private void leaveSlowDisk() {
        if (mayHandOver()) {
            state.putOffSlowHandOver();
            transfer(NO_REQUEST, -1);
        }
    }

    private boolean mayHandOver() {
        return transfer == null && state.transfer == null && !state.stopping && mostAdvanced() >= 0;
    }

    private Role advanceTransfer() {
        var current = transfer;
        if (current == null) {
            return this;
        }
        if (state.nowNanos >= current.giveUpNanos()) {
            transfer = null;
            refuse(current.requestId(), Effect.Reason.NOT_NOW, "node %s did not take over".formatted(current.target()));
            return this;
        }
        var progress = followers.get(current.target());
        if (!current.told() && progress != null && progress.flushedLsn() == state.end.lsn()) {
            transfer = new Transfer(current.requestId(), current.target(), current.giveUpNanos(), true);
            state.send(current.target(), new Message.TimeoutNow(epoch));
        }
        return this;
    }

    /// Needs no disk: also a leader whose own has failed can say it.
    void handOver() {
        var target = mostAdvanced();
        if (target >= 0) {
            state.send(target, new Message.TimeoutNow(epoch));
        }
    }

    /// -1: no voter follows.
    private int mostAdvanced() {
        var best = -1;
        var bestFlushed = -1L;
        for (var voter : state.configuration().voters()) {
            var progress = followers.get(voter.nodeId());
            if (progress != null
                    && progress.inSession()
                    && progress.integrity() != Integrity.SUSPECT
                    && progress.lastAckAgeNanos(state.nowNanos) < state.config.electionTimeoutMinNanos()
                    && progress.flushedLsn() > bestFlushed) {
                best = voter.nodeId();
                bestFlushed = progress.flushedLsn();
            }
        }
        return best;
    }

    // Membership

    /// One voter at a time, none while another change is uncommitted, and none before this reign has committed
    /// something of its own: being open implies it.
    void change(Event.ChangeConfiguration request) {
        var requestId = request.requestId();
        var current = state.configuration();
        if (!open || pendingChange != null || transfer != null) {
            refuse(requestId, Effect.Reason.NOT_NOW, "the leader is opening, or another change is under way");
            return;
        }
        if (state.watermarks.quorumFlushed() < state.configurations.currentEndLsn()) {
            refuse(requestId, Effect.Reason.NOT_NOW, "configuration %s is not committed yet".formatted(current.id()));
            return;
        }
        if (request.expectedConfigId() != current.id()) {
            refuse(
                    requestId,
                    Effect.Reason.INVALID,
                    "the configuration is %s, not %s".formatted(current.id(), request.expectedConfigId()));
            return;
        }
        switch (MembershipChange.plan(current, request.change(), state.nodeId, this::caughtUp)) {
            case MembershipChange.Plan.Refused(Effect.Reason reason, String message) ->
                refuse(requestId, reason, message);
            case MembershipChange.Plan.Already _ ->
                state.emit(new Effect.RequestDone(
                        requestId, new Effect.RequestResult.Done(state.configurations.currentEndLsn(), epoch)));
            case MembershipChange.Plan.Next(Configuration next) -> {
                pendingChange = new PendingChange(requestId, next.id(), Long.MAX_VALUE);
                state.emit(new Effect.AppendConfiguration(epoch, next));
            }
        }
    }

    private boolean caughtUp(int learner) {
        var progress = followers.get(learner);
        return progress != null && progress.inSync() && progress.integrity() == Integrity.INTACT;
    }

    private void changeCommitted(long quorumFlushed) {
        var pending = pendingChange;
        if (pending != null && quorumFlushed >= pending.endLsn()) {
            pendingChange = null;
            state.emit(new Effect.RequestDone(
                    pending.requestId(), new Effect.RequestResult.Done(pending.endLsn(), epoch)));
        }
    }

    private void refuse(long requestId, Effect.Reason reason, String message) {
        state.emit(new Effect.RequestDone(requestId, new Effect.RequestResult.Refused(reason, message)));
    }

    // The end of a reign

    @Override
    public Role deposed(String reason) {
        state.emit(new Effect.Close(reason));
        reads.refuseAll(reason);
        if (transfer != null) {
            state.transfer =
                    new ReplicaState.PendingTransfer(transfer.requestId(), transfer.target(), transfer.giveUpNanos());
        }
        if (pendingChange != null) {
            state.emit(
                    new Effect.RequestDone(pendingChange.requestId(), new Effect.RequestResult.Indeterminate(reason)));
        }
        return new FollowerRole(state);
    }

    @Override
    public Role stale(long refused, long promisedEpoch) {
        return refused == epoch && promisedEpoch > epoch
                ? deposed("epoch %s was promised".formatted(promisedEpoch))
                : this;
    }

    @Override
    public Role truncated() {
        throw new Check.BrokenInvariantException("I5: a leader's log was cut to " + state.end);
    }

    @Override
    public Role connected(int nodeId, boolean connected) {
        var progress = followers.get(nodeId);
        if (connected && progress != null) {
            state.send(
                    nodeId,
                    new Message.Heartbeat(
                            epoch,
                            progress.session(),
                            leaderView(),
                            progress.next().lsn()));
        }
        return this;
    }

    // Views

    long epoch() {
        return epoch;
    }

    boolean isOpen() {
        return open;
    }

    List<ReplicationCore.FollowerView> followers(long nowNanos) {
        var views = new ReplicationCore.FollowerView[followers.size()];
        var i = 0;
        for (var progress : followers.values()) {
            views[i++] = new ReplicationCore.FollowerView(
                    progress.member.nodeId(),
                    progress.appendedLsn(),
                    progress.flushedLsn(),
                    progress.inSync(),
                    progress.inSession(),
                    progress.lastAckAgeNanos(nowNanos),
                    progress.integrity());
        }
        return Arrays.asList(views);
    }

    @Override
    public boolean hearsLeader() {
        return hasAuthority(state.nowNanos);
    }

    @Override
    public int leader() {
        return state.nodeId;
    }

    @Override
    public ReplicationCore.Kind kind() {
        return open ? ReplicationCore.Kind.OPEN : ReplicationCore.Kind.OPENING;
    }

    @Override
    public String detail() {
        return open
                ? "leads epoch %s".formatted(epoch)
                : "epoch %s: waits until a majority has flushed %s".formatted(epoch, barrierLsn);
    }
}
