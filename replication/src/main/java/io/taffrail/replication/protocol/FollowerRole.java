package io.taffrail.replication.protocol;

import org.jspecify.annotations.Nullable;

/// Copies one leader's log, or waits for somebody to lead.
///
/// It takes entries only within a *session*: the leader opens one after the two have found where their logs part
/// and this one has cut what lies beyond. In a session its log is a prefix of the leader's, so the quorum's
/// watermarks that the leader tells are true of this log as well. Anything unexpected ends the session, and a
/// `Join` asks for the next one.
final class FollowerRole implements Role {
    private static final int NOBODY = -1;

    private final ReplicaState state;
    private int leader = NOBODY;
    private long session;
    private long electionDeadline;
    private boolean heardLeader;
    private long lastContactNanos;

    // Joining
    private long nonce;
    private long joinSentNanos;
    private boolean joinSent;
    private Message.@Nullable Welcome welcome;
    private long rejoinLsn;

    // What the leader was told last
    private long toldAppended = -1;
    private long toldReceived = -1;
    private long toldFlushed = -1;
    private long echoNanos;
    private boolean echoOwed;

    private Event.@Nullable Verified comparing;

    FollowerRole(ReplicaState state) {
        this.state = state;
        // The only voter has nobody to wait for.
        electionDeadline = state.nowNanos + (state.isOnlyVoter() ? 0 : state.randomElectionTimeout());
    }

    @Override
    public Role enter() {
        state.distrustIfDamaged();
        return this;
    }

    @Override
    public Role tick() {
        if (!state.belongsToCluster() || state.stopping || state.nowNanos < electionDeadline) {
            return this;
        }
        if (state.integrity == Integrity.SUSPECT
                || state.hard.isEvicted()
                || !state.isVoter()
                || state.isTruncating()) {
            electionDeadline = state.nowNanos + state.randomElectionTimeout();
            if (leader != NOBODY) {
                leader = NOBODY;
                state.emit(new Effect.StatusChanged());
            }
            return this;
        }
        return CandidateRole.asking(state);
    }

    @Override
    public Role received(Event.Received received) {
        switch (received.message()) {
            case Message.Heartbeat heartbeat -> heartbeat(received, heartbeat);
            case Message.Replicate replicate -> replicate(received, replicate);
            case Message.Welcome welcomed -> welcome(received, welcomed);
            case Message.Reseed offer -> reseed(received, offer);
            case Message.Compared compared -> compared(received, compared);
            default -> {}
        }
        return this;
    }

    private void contact(Event.Received received) {
        lastContactNanos = state.nowNanos;
        heardLeader = true;
        electionDeadline = state.nowNanos + state.randomElectionTimeout();
        if (leader != received.from()) {
            leader = received.from();
            state.lastLeader = leader;
            session = 0;
            joinSent = false;
            state.emit(new Effect.StatusChanged());
            if (state.transfer != null) {
                state.endTransfer(
                        leader == state.transfer.target()
                                ? new Effect.RequestResult.Done(state.end.lsn(), state.hard.promisedEpoch())
                                : new Effect.RequestResult.Refused(
                                        Effect.Reason.NOT_NOW, "node %s leads instead".formatted(leader)));
            }
        }
    }

    private void heartbeat(Event.Received received, Message.Heartbeat heartbeat) {
        contact(received);
        if (session == 0 || heartbeat.session() != session) {
            session = 0;
            join();
            return;
        }
        if (heartbeat.sentLsn() > state.end.lsn() && !state.stopping) {
            // A frame between was lost.
            session = 0;
            join();
            return;
        }
        heard(heartbeat.view());
        echoOwed = true;
        progress();
    }

    private void replicate(Event.Received received, Message.Replicate replicate) {
        contact(received);
        if (state.stopping) {
            // A clean end waits until everything is flushed, and a busy leader always sends more.
            return;
        }
        if (session == 0 || replicate.session() != session) {
            // No session while a Join is under way: it says where this log ends, and would not any more.
            session = 0;
            join();
            return;
        }
        if (!replicate.previous().equals(state.end)) {
            session = 0;
            join();
            return;
        }
        heard(replicate.view());
        echoOwed = true;
        state.emit(new Effect.AppendEntries(replicate.entries()));
        if (replicate.flushNow()) {
            state.emit(new Effect.RequestFlush());
        }
        // The acknowledgement follows when the shell tells of the progress that all frames of this turn made.
    }

    private void heard(Message.LeaderView view) {
        echoNanos = view.sentNanos();
        // A replica that ends vouches for nothing more but what is flushed, or its clean mark would lie.
        if (view.acknowledgesFromMemory() && !state.stopping) {
            state.markDirty();
        }
        state.knownQuorumFlushed = Math.max(state.knownQuorumFlushed, view.quorumFlushed());
        state.knownQuorumReceived = Math.max(state.knownQuorumFlushed, view.quorumReceived());
    }

    /// At most one in a heartbeat: every frame that was under way when a session ended would ask for one.
    private void join() {
        if (state.isTruncating()
                || !state.seededIsDurable()
                || welcome != null
                || (joinSent && state.nowNanos - joinSentNanos < state.config.heartbeatNanos())) {
            return;
        }
        joinSent = true;
        joinSentNanos = state.nowNanos;
        nonce = state.nextNonce();
        state.send(
                leader,
                new Message.Join(
                        state.hard.promisedEpoch(),
                        nonce,
                        state.integrity,
                        state.startLsn,
                        state.end,
                        state.lineage.newest(ReplicaState.LINEAGE_LIMIT)));
    }

    private void welcome(Event.Received received, Message.Welcome welcomed) {
        contact(received);
        if (!joinSent || welcomed.nonce() != nonce || session != 0 || welcome != null) {
            return;
        }
        var cut = welcomed.cut();
        Check.that(cut.lsn() <= state.end.lsn(), "welcomed at %s beyond the end %s", cut, state.end);
        if (cut.lsn() == state.end.lsn()) {
            Check.that(cut.equals(state.end), "I1: the leader has %s where this log has %s", cut, state.end);
        } else if (cut.lsn() >= state.startLsn) {
            // Where the log begins above the cut it holds nothing that stays, and is begun anew.
            switch (state.chainAt(cut.lsn())) {
                case LogView.Chain.Unreadable _ -> {
                    // The entry that stands behind the cut tells, and is to go. The end tells afterwards.
                }
                case LogView.Chain.None _ ->
                    throw new Check.BrokenInvariantException(
                            "I1: the leader has %s, no entry of this log ends there".formatted(cut));
                case LogView.Chain.Known(int own) -> checkChain(cut, own);
            }
        }
        welcome = welcomed;
        // What is not proven is moved aside even where the logs agree in length.
        if (cut.lsn() < state.end.lsn() || state.integrity == Integrity.SUSPECT) {
            state.truncate(cut.lsn());
        } else {
            begin(welcomed);
        }
    }

    private static void checkChain(LogPosition cut, int own) {
        Check.that(own == cut.chainCrc(), "I1: the leader has %s where this log has chain %08x", cut, own);
    }

    private void reseed(Event.Received received, Message.Reseed offer) {
        contact(received);
        if (joinSent && offer.nonce() == nonce && session == 0 && welcome == null && !state.isTruncating()) {
            joinSent = false;
            state.copySeed(received.from(), offer);
        }
    }

    /// The log was verified up to there. In a session the leader's says the same, or one of the two is not
    /// what was written although every checksum of it holds.
    void verified(Event.Verified verified) {
        if (session != 0 && state.promiseIsDurable()) {
            comparing = verified;
            state.send(
                    leader,
                    new Message.Compare(state.hard.promisedEpoch(), session, verified.lsn(), verified.chainCrc()));
        }
    }

    private void compared(Event.Received received, Message.Compared compared) {
        contact(received);
        var asked = comparing;
        if (asked != null && session != 0 && compared.session() == session && compared.lsn() == asked.lsn()) {
            comparing = null;
            Check.that(
                    compared.chainCrc() == asked.chainCrc(),
                    "I1: the leader's log has %08x at %s, this one %08x",
                    compared.chainCrc(),
                    asked.lsn(),
                    asked.chainCrc());
        }
    }

    void damageChanged() {
        state.distrustIfDamaged();
        state.trustIfRepaired();
        echoOwed = true;
        progress();
    }

    private void begin(Message.Welcome welcomed) {
        welcome = null;
        joinSent = false;
        session = welcomed.session();
        state.historyOpened();
        rejoinLsn = welcomed.rejoinLsn();
        toldAppended = -1;
        echoOwed = true;
        state.emit(new Effect.StatusChanged());
        progress();
    }

    @Override
    public Role truncated() {
        var welcomed = welcome;
        if (welcomed != null && state.end.lsn() == welcomed.cut().lsn()) {
            checkChain(welcomed.cut(), state.end.chainCrc());
            begin(welcomed);
        } else {
            // The log was begun anew, and joins with that.
            welcome = null;
            joinSent = false;
        }
        return this;
    }

    @Override
    public Role appended(Event.Appended appended) {
        return this;
    }

    @Override
    public Role progress() {
        if (session != 0) {
            acknowledge();
            state.holds(state.knownQuorumFlushed);
            var quorumFlushed = Math.min(state.knownQuorumFlushed, state.end.lsn());
            var quorumReceived = Math.min(state.knownQuorumReceived, state.end.lsn());
            state.publish(new Watermarks(
                    state.end.lsn(),
                    state.flushedLsn,
                    quorumReceived,
                    quorumFlushed,
                    state.watermarks.allReceived(),
                    state.watermarks.allFlushed()));
        }
        return this;
    }

    private void acknowledge() {
        if (session == 0 || !state.promiseIsDurable()) {
            return;
        }
        if (state.integrity != Integrity.INTACT
                && state.flushedLsn >= rejoinLsn
                && state.isRefilled()
                && !state.damaged) {
            state.becomeIntact();
            echoOwed = true;
        }
        if (!state.intactIsDurable()) {
            return;
        }
        var received = state.vouchedLsn();
        if (!echoOwed
                && toldAppended == state.end.lsn()
                && toldReceived == received
                && toldFlushed == state.flushedLsn) {
            return;
        }
        echoOwed = false;
        toldAppended = state.end.lsn();
        toldReceived = received;
        toldFlushed = state.flushedLsn;
        state.send(
                leader,
                new Message.Acknowledge(
                        state.hard.promisedEpoch(),
                        session,
                        state.integrity,
                        toldAppended,
                        toldReceived,
                        toldFlushed,
                        echoNanos));
    }

    @Override
    public Role connected(int nodeId, boolean connected) {
        if (nodeId == leader && !connected) {
            // The leader's process may be gone: ask around soon. Whoever still hears it will say no.
            electionDeadline = Math.min(
                    electionDeadline,
                    lastContactNanos
                            + state.config.electionTimeoutMinNanos()
                            + state.random.nextLong(state.config.heartbeatNanos() * 2));
        }
        return this;
    }

    /// The candidate that was promised is alive.
    void heardCandidate() {
        electionDeadline = state.nowNanos + state.randomElectionTimeout();
    }

    @Override
    public Role stale(long epoch, long promisedEpoch) {
        return this;
    }

    @Override
    public Role deposed(String reason) {
        return new FollowerRole(state);
    }

    @Override
    public boolean hearsLeader() {
        return heardLeader && state.nowNanos - lastContactNanos < state.config.electionTimeoutMinNanos();
    }

    @Override
    public int leader() {
        return leader;
    }

    @Override
    public ReplicationCore.Kind kind() {
        return ReplicationCore.Kind.FOLLOWER;
    }

    @Override
    public String detail() {
        if (state.damaged && state.integrity == Integrity.SUSPECT) {
            return "repairs its damaged log from the other replicas";
        }
        if (!state.belongsToCluster()) {
            return "waits to be bootstrapped or invited";
        }
        if (state.hard.isEvicted()) {
            return state.hard.standing().eviction().detail();
        }
        if (state.isSeeding()) {
            return "copies the beginning of its log from node " + state.seedFrom();
        }
        if (leader == NOBODY) {
            return "knows no leader";
        }
        return session == 0 ? "joins node " + leader : "follows node " + leader;
    }
}
