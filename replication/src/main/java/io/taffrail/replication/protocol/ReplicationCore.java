package io.taffrail.replication.protocol;

import java.util.List;
import java.util.UUID;
import java.util.function.LongPredicate;
import java.util.random.RandomGenerator;

/// One replica's part in the protocol: a function from events to effects that changes only its own fields. It
/// knows positions, not bytes, and it is told the time. The roles hold what only they need; what happens in every
/// role, and who may change it, stands here.
public final class ReplicationCore {
    private final ReplicaState state;
    private final Promising promising;
    private Role role;
    private boolean halted;

    /// @param hard with the configurations that the log holds, see [HardState#withConfigurationsFrom]
    /// @param lineage of the log, as recovered
    /// @param end of the log, as recovered: all of it was read from the disk
    public record Start(
            int nodeId,
            UUID storageId,
            long incarnation,
            HardState hard,
            List<EpochStart> lineage,
            long startLsn,
            LogPosition end) {}

    public ReplicationCore(Start start, ProtocolConfig config, LogView log, RandomGenerator random, long nowNanos) {
        state = new ReplicaState(start, config, log, random, nowNanos);
        promising = new Promising(state);
        role = new FollowerRole(state);
    }

    /// Carries out one event. The effects are performed in their order, each before the next event.
    public List<Effect> step(long nowNanos, Event event) {
        if (halted) {
            return List.of();
        }
        state.nowNanos = nowNanos;
        try {
            handle(event);
        } catch (Check.BrokenInvariantException broken) {
            halted = true;
            state.takeEffects();
            var message = String.valueOf(broken.getMessage());
            return List.of(new Effect.Close("halted: " + message), new Effect.Halt(message));
        }
        return state.takeEffects();
    }

    private void handle(Event event) {
        switch (event) {
            case Event.Tick(long unflushedAgeNanos, long startLsn) -> {
                state.startLsn = startLsn;
                state.unflushedAgeNanos = unflushedAgeNanos;
                state.expireTransfer();
                next(role.tick());
            }
            case Event.Flushes(long meanNanos) -> state.pace.flushed(state.nowNanos, meanNanos);
            case Event.Received received -> received(received);
            case Event.Appended appended -> {
                state.appended(appended);
                next(role.appended(appended));
            }
            case Event.Progress(long reportableLsn, long flushedLsn) -> {
                state.reportableLsn = reportableLsn;
                state.flushedLsn = flushedLsn;
                state.refilled();
                promising.progress();
                next(role.progress());
            }
            case Event.HardStateDurable(long version) -> {
                state.hardStateDurable(version);
                promising.progress();
                next(role.progress());
            }
            case Event.Truncated(LogPosition end) -> {
                state.truncated(end);
                promising.progress();
                next(role.truncated());
            }
            case Event.SeedCopied _ -> state.seed();
            case Event.Seeded seeded -> {
                state.seeded(seeded);
                next(role.truncated());
            }
            case Event.Shipped shipped -> {
                if (role instanceof LeaderRole leader) {
                    leader.shipped(shipped);
                }
            }
            case Event.ShipReady(int to) -> {
                if (role instanceof LeaderRole leader) {
                    leader.shipReady(to);
                }
            }
            case Event.Damaged(boolean damaged) -> {
                state.damaged = damaged;
                if (role instanceof FollowerRole follower) {
                    follower.damageChanged();
                }
            }
            case Event.Verified verified -> {
                if (role instanceof FollowerRole follower) {
                    follower.verified(verified);
                }
            }
            case Event.ChainRead read -> {
                if (role instanceof LeaderRole leader) {
                    leader.chainRead(read);
                }
            }
            case Event.Connected(int nodeId, boolean connected) -> {
                if (connected) {
                    state.connected.add(nodeId);
                    // A replica that belongs to no cluster knows no address to ask from: it has to be told.
                    state.invite(nodeId);
                } else {
                    state.connected.remove(nodeId);
                }
                next(role.connected(nodeId, connected));
            }
            case Event.ReceivedFromHistory(UUID historyId, int from, Message message) ->
                receivedFromHistory(historyId, from, message);
            case Event.Bootstrap(UUID clusterId, Configuration first) ->
                joinCluster(clusterId, clusterId, new LoggedConfiguration(0, first), List.of());
            case Event.TransferLeadership(long requestId, int target) -> {
                if (role instanceof LeaderRole leader) {
                    leader.transfer(requestId, target);
                } else {
                    refuseNotLeader(requestId);
                }
            }
            case Event.ReadIndex(long requestId) -> {
                if (role instanceof LeaderRole leader) {
                    leader.readIndex(requestId);
                } else {
                    refuseNotLeader(requestId);
                }
            }
            case Event.ChangeConfiguration change -> {
                if (role instanceof LeaderRole leader) {
                    leader.change(change);
                } else {
                    refuseNotLeader(change.requestId());
                }
            }
            case Event.ForceRecovery(long requestId, var request) -> forceRecovery(requestId, request);
            case Event.Limits limits -> state.config = state.config.with(limits);
            case Event.StorageFailed(String message) -> storageFailed(message);
            case Event.Stop() -> state.stopping = true;
            case Event.MarkClean() -> {
                // An amnesic replica may still lack what an earlier incarnation acknowledged.
                if (state.hard.dirty() && state.integrity == Integrity.INTACT) {
                    state.persist(state.hard.withDirty(false));
                }
            }
        }
    }

    private void refuseNotLeader(long requestId) {
        refuse(requestId, Effect.Reason.NOT_LEADER, "this replica does not lead");
    }

    private void refuse(long requestId, Effect.Reason reason, String message) {
        state.emit(new Effect.RequestDone(requestId, new Effect.RequestResult.Refused(reason, message)));
    }

    private void indeterminate(long requestId, String message) {
        state.emit(new Effect.RequestDone(requestId, new Effect.RequestResult.Indeterminate(message)));
    }

    // Membership of the cluster

    private void joinCluster(UUID clusterId, UUID historyId, LoggedConfiguration first, List<UUID> former) {
        Check.that(!state.belongsToCluster(), "I35: %s is not %s", clusterId, String.valueOf(state.hard.clusterId()));
        state.configurations.add(first);
        state.persist(state.hard
                .withStanding(state.hard.standing().joining(former))
                .withCluster(clusterId, historyId, List.of(first)));
        state.emit(new Effect.Locate(first.configuration().members()));
        state.emit(new Effect.StatusChanged());
        next(new FollowerRole(state));
    }

    // Histories

    private void forceRecovery(long requestId, ForcedRecovery.Request request) {
        var historyId = request.historyId(state.storageId);
        if (historyId.equals(state.hard.historyId())) {
            // Never refused: whoever hears that keeps the volumes that are given up, and the history has begun.
            if (!state.historyIsDurable()) {
                // Whoever heard that it is done would empty the others' volumes.
                indeterminate(requestId, "the disk has not taken that history yet: ask again");
                return;
            }
            if (state.hard.standing().forced()
                    && state.integrity == Integrity.SUSPECT
                    && role instanceof FollowerRole) {
                // Its process ended before it was made whole, or it was damaged since: it cannot stand, and it does
                // not know whether it has led meanwhile.
                indeterminate(
                        requestId,
                        "this replica began that history, is suspect and cannot lead it: ask with another request_id");
                return;
            }
            state.emit(new Effect.RequestDone(
                    requestId, new Effect.RequestResult.Done(state.end.lsn(), state.hard.promisedEpoch())));
            return;
        }
        switch (ForcedRecovery.plan(state, role, request.survivors())) {
            case ForcedRecovery.Plan.Refused(var reason, String message) -> refuse(requestId, reason, message);
            case ForcedRecovery.Plan.Possible plan -> {
                var refused = ForcedRecovery.refusal(plan, request);
                if (refused != null) {
                    refuse(requestId, refused.reason(), refused.message());
                    return;
                }
                if (state.hard.standing().formerHistories().contains(historyId)) {
                    refuse(requestId, Effect.Reason.INVALID, "request_id was used before, for another recovery");
                    return;
                }
                next(role.deposed("a forced recovery begins another history"));
                promising.abandon();
                state.replaceHistory(historyId, plan.next());
                next(CandidateRole.forced(state, requestId));
            }
        }
    }

    private void receivedFromHistory(UUID historyId, int from, Message message) {
        var mine = state.hard.historyId();
        if (mine == null) {
            return;
        }
        if (message instanceof Message.Invite invite && invite.formerHistories().contains(mine)) {
            var named = invite.configuration().configuration().member(state.nodeId);
            next(role.deposed("a forced recovery began another history"));
            promising.abandon();
            if (named == null || !named.storageId().equals(state.storageId)) {
                state.evict(Eviction.HISTORY_REPLACED);
            } else if (!state.isTruncating()) {
                state.enterHistory(invite);
                next(new FollowerRole(state));
            }
        } else if (state.hard.standing().formerHistories().contains(historyId)) {
            state.tellHistory(from);
        }
    }

    // Messages

    private void received(Event.Received received) {
        var from = received.from();
        var message = received.message();
        if (!state.belongsToCluster()) {
            uninitialized(received);
            return;
        }
        if (state.hard.isEvicted()) {
            return;
        }
        if (!PeerGuard.admits(state, received)) {
            return;
        }
        switch (message) {
            case Message.Invite invite -> locate(invite.configuration().configuration());
            case Message.Outdated(UUID storageId, long incarnation) -> outdated(from, storageId, incarnation);
            case Message.Uninitialized _ -> state.invite(from);
            case Message.PreVote preVote -> preVote(received, preVote);
            case Message.Prepare(long epoch) -> prepare(received, epoch);
            case Message.Stale(long epoch, long promisedEpoch) -> {
                state.sawEpoch(promisedEpoch);
                next(role.stale(epoch, promisedEpoch));
            }
            case Message.TimeoutNow(long epoch) -> standAtOnce(epoch);
            case Message.Fetch(long epoch, LogPosition position) -> serve(received, epoch, position);
            case Message.Heartbeat heartbeat -> fromLeader(received, heartbeat.epoch());
            case Message.Replicate replicate -> fromLeader(received, replicate.epoch());
            case Message.Welcome welcome -> fromLeader(received, welcome.epoch());
            case Message.Reseed reseed -> fromLeader(received, reseed.epoch());
            case Message.SeedRequest request -> {
                if (role instanceof LeaderRole leader) {
                    leader.seedAsked(received);
                }
                state.emit(new Effect.ServeSeed(from, request));
            }
            case Message.SeedChunk chunk -> state.emit(new Effect.SeedBytes(from, chunk));
            case Message.RangeRequest request -> state.emit(new Effect.ServeRange(from, request));
            case Message.Range range -> state.emit(new Effect.RangeBytes(from, range));
            case Message.Compared compared -> fromLeader(received, compared.epoch());
            case Message.Compare compare -> toLeader(received, compare.epoch());
            case Message.Join join -> toLeader(received, join.epoch());
            case Message.Acknowledge acknowledge -> toLeader(received, acknowledge.epoch());
            case Message.PreVoteReply _, Message.Promise _, Message.Fetched _ -> next(role.received(received));
        }
    }

    private void outdated(int from, UUID storageId, long incarnation) {
        if (storageId.equals(state.storageId) && incarnation > state.incarnation) {
            state.emit(new Effect.Violation(
                    from,
                    "has heard incarnation %s of this storage, this is %s".formatted(incarnation, state.incarnation)));
            next(role.deposed("this volume is an older copy"));
            promising.abandon();
            state.evict(Eviction.OLDER_VOLUME);
        }
    }

    private void uninitialized(Event.Received received) {
        if (!(received.message()
                instanceof Message.Invite(UUID cluster, UUID history, var former, LoggedConfiguration first))) {
            state.send(received.from(), new Message.Uninitialized());
            return;
        }
        var self = first.configuration().member(state.nodeId);
        if (self != null && self.storageId().equals(state.storageId)) {
            // This storage has never promised anything to anyone, so it may believe whoever names it.
            joinCluster(cluster, history, first, former);
        }
    }

    /// Whoever invites a member does not hear it. This replica was away while the members changed: its own
    /// configuration may name nobody who is still there. Or its log ends with one that no majority ever had,
    /// which leaves out the leader that is to cut it off. Either way it could not answer.
    private void locate(Configuration inviting) {
        var own = state.configuration();
        var unknown = inviting.members().stream()
                .filter(member -> inviting.id() > own.id() || own.member(member.nodeId()) == null)
                .toList();
        if (!unknown.isEmpty()) {
            state.emit(new Effect.Locate(unknown));
        }
    }

    private void preVote(Event.Received received, Message.PreVote preVote) {
        // A suspect voter's promise counts in no election: with its yes a candidate would fence those that can
        // lead, for an epoch that it cannot open.
        var granted = preVote.epoch() > state.hard.promisedEpoch()
                && (state.integrity != Integrity.SUSPECT || state.hasOnlyEntered())
                // It could not testify before the copy is here, which may take minutes.
                && !state.isSeeding()
                && !role.hearsLeader()
                && (state.hasOnlyEntered() || state.end.lsn() - preVote.end().lsn() <= state.config.hopelessBytes())
                && mayLead(received, preVote.end());
        state.send(
                received.from(),
                new Message.PreVoteReply(
                        preVote.epoch(),
                        granted,
                        state.hard.promisedEpoch(),
                        state.hasOnlyEntered() ? LogPosition.EMPTY : state.end,
                        state.loggedConfiguration()));
    }

    /// Whoever was removed and does not know it yet goes on to stand. It cannot lead, since it would adopt the
    /// log that removed it; but each of its epochs fences those that can. Only a log that is ahead of this one
    /// may name voters that this one does not know.
    private boolean mayLead(Event.Received candidate, LogPosition end) {
        return state.configuration().isVoter(candidate.from(), candidate.fromStorage()) || end.isAheadOf(state.end);
    }

    private void prepare(Event.Received received, long epoch) {
        var from = received.from();
        var again = state.promisedTo(epoch, from, received.fromIncarnation());
        if (epoch <= state.hard.promisedEpoch() && !again) {
            state.refuse(from, epoch);
            return;
        }
        if (!again) {
            // Fenced first, measured second: from here on nothing of a lower epoch is accepted, so what the
            // testimony says cannot become less than what was acknowledged.
            next(role.deposed("node %s was promised epoch %s".formatted(from, epoch)));
            promising.promise(epoch, from, received.fromIncarnation());
        } else {
            promising.repeat();
        }
        if (role instanceof FollowerRole follower) {
            follower.heardCandidate();
        }
    }

    private void standAtOnce(long epoch) {
        if (epoch >= state.hard.promisedEpoch() && !(role instanceof LeaderRole) && mayCampaign()) {
            state.sawEpoch(epoch);
            state.putOffSlowHandOver();
            next(CandidateRole.withoutAsking(state));
        }
    }

    private void serve(Event.Received received, long epoch, LogPosition position) {
        if (!state.promisedTo(epoch, received.from(), received.fromIncarnation())) {
            state.refuse(received.from(), epoch);
            return;
        }
        if (role instanceof FollowerRole follower) {
            follower.heardCandidate();
        }
        if (state.integrity == Integrity.SUSPECT) {
            // It was sound when it testified; a crash has shown since that its log is not.
            return;
        }
        if (position.lsn() < state.startLsn) {
            // Its log ends below what is still here: it would ask, and be promised one epoch after another, for ever.
            standAtOnce(epoch);
            return;
        }
        if (position.lsn() > 0) {
            if (!(state.log.chainAt(position.lsn()) instanceof LogView.Chain.Known(int own))) {
                // It testified to more, and a crash or damage has taken that: the candidate gives up by itself.
                return;
            }
            Check.that(
                    own == position.chainCrc(),
                    "I1: node %s has %s, this log has %08x there",
                    received.from(),
                    position,
                    own);
        }
        state.emit(new Effect.Serve(received.from(), epoch, position));
    }

    private void fromLeader(Event.Received received, long epoch) {
        var from = received.from();
        if (epoch < state.hard.promisedEpoch()) {
            state.refuse(from, epoch);
            return;
        }
        state.sawEpoch(epoch);
        if (epoch > state.hard.promisedEpoch()) {
            next(role.deposed("node %s leads epoch %s".formatted(from, epoch)));
            // The promise first: an acknowledgement under an epoch that a crash makes this replica forget would
            // let it acknowledge to an older leader afterwards.
            state.promise(epoch, from, received.fromIncarnation());
        }
        if (!state.promiseIsDurable()) {
            return;
        }
        Check.that(!(role instanceof LeaderRole), "I7: node %s leads epoch %s too", from, epoch);
        if (role instanceof CandidateRole) {
            next(role.deposed("node %s leads epoch %s".formatted(from, epoch)));
        }
        promising.abandon();
        next(role.received(received));
    }

    private void toLeader(Event.Received received, long epoch) {
        if (epoch > state.hard.promisedEpoch()) {
            state.sawEpoch(epoch);
            return;
        }
        if (role instanceof LeaderRole leader && epoch == leader.epoch()) {
            next(leader.received(received));
        }
    }

    // Roles

    private void next(Role next) {
        var current = role;
        if (next == current) {
            return;
        }
        role = next;
        state.emit(new Effect.StatusChanged());
        next(role.enter());
    }

    private boolean mayCampaign() {
        return state.isVoter()
                && !state.hard.isEvicted()
                && state.integrity != Integrity.SUSPECT
                && !state.isSeeding()
                && !state.stopping;
    }

    private void storageFailed(String message) {
        if (role instanceof LeaderRole leader) {
            leader.handOver();
        }
        state.emit(new Effect.Close("storage failed: " + message));
        state.emit(new Effect.StatusChanged());
        // Silence is all that is left: every promise and acknowledgement needs the disk.
        halted = true;
    }

    // What the shell asks

    /// Whether an append may be logged now: this replica leads, and believes so with reason.
    public boolean admits(long nowNanos) {
        return !halted && role instanceof LeaderRole leader && leader.admits(nowNanos);
    }

    /// Whether acknowledgements may leave now (I20).
    public boolean hasAuthority(long nowNanos) {
        return !halted && role instanceof LeaderRole leader && leader.hasAuthority(nowNanos);
    }

    /// Leader only: voters that hold everything below `lsn`.
    public int copies(long lsn, boolean flushed) {
        return role instanceof LeaderRole leader ? leader.copies(lsn, flushed) : 0;
    }

    /// Leader only: replicas that `All` waits for, this one included.
    public int inSyncCount() {
        return role instanceof LeaderRole leader ? leader.inSyncCount() : 0;
    }

    /// As a leader sees it: no append at `Quorum` waits for a replica that is not in sync.
    public boolean isMajorityInSync() {
        return !(role instanceof LeaderRole leader)
                || leader.inSyncCount() >= state.configuration().majority();
    }

    /// No member needs the log below this from this leader; a follower keeps nothing for others.
    ///
    /// @param damaged whether what stands at an LSN is known to be unreadable
    public long neededByMembersLsn(LongPredicate damaged) {
        return role instanceof LeaderRole leader ? leader.neededByMembersLsn(damaged) : Long.MAX_VALUE;
    }

    public boolean isLeader() {
        return role instanceof LeaderRole;
    }

    public boolean isOpen() {
        return role instanceof LeaderRole leader && leader.isOpen();
    }

    /// Leads and has nobody to ship to.
    public boolean isOnlyMember() {
        return isLeader() && state.configuration().members().size() == 1;
    }

    /// Of the reign that this replica leads or follows, or has promised.
    public long epoch() {
        return state.hard.promisedEpoch();
    }

    /// -1: none is known.
    public int leader() {
        return role.leader();
    }

    public boolean belongsToCluster() {
        return state.belongsToCluster();
    }

    public boolean isHalted() {
        return halted;
    }

    public HardState hardState() {
        return state.hard;
    }

    public Watermarks watermarks() {
        return state.watermarks;
    }

    public List<EpochStart> lineage() {
        return state.lineage.starts();
    }

    /// The configuration in force where this log has come to `lsn`; the oldest that is known, if that is newer.
    public LoggedConfiguration configurationAt(long lsn) {
        return state.configurations.at(lsn);
    }

    /// Whether the log has come to where the streams' state was when a seed replaced both.
    public boolean isRefilled() {
        return state.isRefilled();
    }

    /// What a forced recovery from here would do.
    public ForcedRecovery.Plan recoveryPlan(long nowNanos, List<Integer> survivors) {
        state.nowNanos = nowNanos;
        return ForcedRecovery.plan(state, role, survivors);
    }

    /// A picture for status, in values.
    public View view(long nowNanos) {
        return new View(
                role.kind(),
                role.detail(),
                state.integrity,
                state.hard,
                role.leader(),
                state.belongsToCluster() ? state.configuration() : new Configuration(0, List.of(), List.of()),
                role instanceof LeaderRole leader ? leader.followers(nowNanos) : List.of());
    }

    public enum Kind {
        FOLLOWER,
        CANDIDATE,
        OPENING,
        OPEN
    }

    public record View(
            Kind kind,
            String detail,
            Integrity integrity,
            HardState hard,
            int leader,
            Configuration configuration,
            List<FollowerView> followers) {}

    public record FollowerView(
            int nodeId,
            long receivedLsn,
            long flushedLsn,
            boolean inSync,
            boolean inSession,
            long lastAckAgeNanos,
            Integrity integrity) {}
}
