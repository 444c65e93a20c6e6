package io.taffrail.replication.protocol;

import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Stands for election: asks whether it would be promised an epoch, has it promised, learns what the voters hold,
/// makes the best log its own, and leads.
final class CandidateRole implements Role {
    private enum Phase {
        /// Changes nothing anywhere; keeps a replica that lost its link from disturbing the others.
        ASKING,
        /// Its own promise and its own log become durable.
        PROMISING,
        /// The others promise and testify.
        PREPARING,
        /// Cuts what the best log does not hold.
        CUTTING,
        /// Copies what it lacks from the voter whose log is ahead.
        FETCHING
    }

    private static final long NOT_FORCED = -1;

    private record Willing(UUID storageId, LogPosition end, LoggedConfiguration configuration) {}

    private final ReplicaState state;
    private Phase phase;
    private long epoch;
    private long deadline;
    private long repeatAt;
    /// Those that would promise, this replica included.
    private final TreeMap<Integer, Willing> willing = new TreeMap<>();
    private final TreeMap<Integer, Tally.Testimony> testimonies = new TreeMap<>();

    private long hardVersion;
    private long sufficientSince = -1;
    private int tier;
    private Tally.@Nullable Testimony source;
    /// Asks nobody: a forced recovery has named this log. The request waits for its answer.
    private final long forcedRequestId;

    private CandidateRole(ReplicaState state, Phase phase, long forcedRequestId) {
        this.state = state;
        this.phase = phase;
        this.forcedRequestId = forcedRequestId;
        this.deadline = state.nowNanos + state.randomElectionTimeout();
    }

    static CandidateRole asking(ReplicaState state) {
        return new CandidateRole(state, Phase.ASKING, NOT_FORCED);
    }

    /// The leader told it to.
    static CandidateRole withoutAsking(ReplicaState state) {
        return new CandidateRole(state, Phase.PROMISING, NOT_FORCED);
    }

    /// The history was replaced for it. Only the process that was asked goes this way: after a crash the survivors
    /// elect as ever, since some of them may have elected one of their own meanwhile.
    static CandidateRole forced(ReplicaState state, long requestId) {
        return new CandidateRole(state, Phase.PROMISING, requestId);
    }

    private boolean isForced() {
        return forcedRequestId != NOT_FORCED;
    }

    @Override
    public Role enter() {
        epoch = Math.max(state.highestEpoch, state.hard.promisedEpoch()) + 1;
        if (phase == Phase.PROMISING) {
            return promise();
        }
        willing.put(state.nodeId, new Willing(state.storageId, state.end, state.loggedConfiguration()));
        return askAgain();
    }

    // Pre-vote

    private Role askAgain() {
        repeatAt = state.nowNanos + state.config.heartbeatNanos();
        if (wouldLead()) {
            return promise();
        }
        ask();
        return this;
    }

    private void ask() {
        var asked = new TreeSet<>(willing.keySet());
        ask(state.configuration(), asked);
        ask(bestConfiguration(), asked);
    }

    private void ask(Configuration configuration, Set<Integer> asked) {
        for (var voter : configuration.voters()) {
            if (asked.add(voter.nodeId())) {
                state.invite(voter.nodeId());
                state.send(voter.nodeId(), new Message.PreVote(epoch, state.end));
            }
        }
    }

    private Role answered(Event.Received received, Message.PreVoteReply reply) {
        state.sawEpoch(reply.promisedEpoch());
        if (phase != Phase.ASKING || reply.epoch() != epoch || !reply.granted()) {
            return this;
        }
        var before = bestConfiguration();
        if (!state.configuration().isVoter(received.from(), received.fromStorage())
                && !before.isVoter(received.from(), received.fromStorage())) {
            return this;
        }
        willing.put(received.from(), new Willing(received.fromStorage(), reply.end(), reply.configuration()));
        if (wouldLead()) {
            return promise();
        }
        var best = bestConfiguration();
        if (!best.equals(before)) {
            state.emit(new Effect.Locate(best.members()));
            ask();
        }
        return this;
    }

    /// The epoch would go on from the log that is ahead, and only the voters that this one names can elect. Without
    /// them, those that were removed and have not heard of it could say yes to each other, fence the leader with an
    /// epoch that they cannot open, and begin again.
    private boolean wouldLead() {
        var best = bestConfiguration();
        return areWilling(state.configuration()) && areWilling(best) && best.isVoter(state.nodeId, state.storageId);
    }

    private Configuration bestConfiguration() {
        var best = willing.get(state.nodeId);
        for (var each : willing.values()) {
            if (best == null || each.end().isAheadOf(best.end())) {
                best = each;
            }
        }
        return best == null ? state.configuration() : best.configuration().configuration();
    }

    private boolean areWilling(Configuration configuration) {
        return willingOf(configuration) >= configuration.majority();
    }

    private long willingOf(Configuration configuration) {
        return willing.entrySet().stream()
                .filter(each ->
                        configuration.isVoter(each.getKey(), each.getValue().storageId()))
                .count();
    }

    // Promise

    private Role promise() {
        phase = Phase.PROMISING;
        epoch = isForced() ? state.hard.promisedEpoch() : Math.max(state.highestEpoch, state.hard.promisedEpoch()) + 1;
        deadline = state.nowNanos + state.randomElectionTimeout();
        hardVersion = state.promise(epoch, state.nodeId, state.incarnation);
        if (isForced() && state.integrity == Integrity.SUSPECT) {
            // What is bad behind the log's end goes aside: a log that is corrupt takes no entry.
            state.truncate(state.end.lsn());
        }
        state.emit(new Effect.RequestFlush());
        state.emit(new Effect.StatusChanged());
        return progress();
    }

    @Override
    public Role progress() {
        return switch (phase) {
            case PROMISING -> {
                if (!state.isDurable(hardVersion) || state.flushedLsn < state.end.lsn() || state.isTruncating()) {
                    yield this;
                }
                if (isForced()) {
                    // A person has named this log: nothing is missing of it any more.
                    state.becomeIntact();
                    if (!state.intactIsDurable()) {
                        yield this;
                    }
                    state.emit(new Effect.RequestDone(
                            forcedRequestId, new Effect.RequestResult.Done(state.end.lsn(), epoch)));
                    yield new LeaderRole(state, epoch, Effect.EpochBegin.FORCED_TIER, List.of(state.nodeId));
                }
                phase = Phase.PREPARING;
                testimonies.put(
                        state.nodeId,
                        new Tally.Testimony(
                                state.nodeId,
                                state.integrity,
                                state.end,
                                state.lineage.starts(),
                                state.knownQuorumReceived,
                                state.knownQuorumFlushed,
                                state.loggedConfiguration(),
                                state.lastLeader));
                prepareAgain();
                yield decide();
            }
            case ASKING, PREPARING, CUTTING, FETCHING -> this;
        };
    }

    private void prepareAgain() {
        repeatAt = state.nowNanos + state.config.heartbeatNanos();
        for (var voter : state.configuration().voters()) {
            if (voter.nodeId() != state.nodeId && !testimonies.containsKey(voter.nodeId())) {
                state.send(voter.nodeId(), new Message.Prepare(epoch));
            }
        }
    }

    private Role testified(Event.Received received, Message.Promise promise) {
        if (phase != Phase.PREPARING
                || promise.epoch() != epoch
                || !state.configuration().isVoter(received.from(), received.fromStorage())) {
            return this;
        }
        testimonies.put(
                received.from(),
                new Tally.Testimony(
                        received.from(),
                        promise.integrity(),
                        promise.end(),
                        promise.lineage(),
                        promise.quorumReceived(),
                        promise.quorumFlushed(),
                        promise.configuration(),
                        promise.previousLeader()));
        return decide();
    }

    private Role decide() {
        var configuration = state.configuration();
        if (!(Tally.verdict(configuration, testimonies) instanceof Tally.Verdict.Sufficient(int reached))) {
            return this;
        }
        if (sufficientSince < 0) {
            sufficientSince = state.nowNanos;
        }
        var waited = state.nowNanos - sufficientSince;
        var proceed = switch (reached) {
            case 1 -> !oldLeaderMayAnswer() || waited >= state.config.oldLeaderWaitNanos();
            case 2 -> true;
            default -> !state.config.waitForAmnesic() && waited >= state.config.amnesiaWaitNanos();
        };
        if (!proceed) {
            return this;
        }
        tier = reached;
        return adopt();
    }

    /// Its log may hold what was acknowledged with asynchronous replication.
    private boolean oldLeaderMayAnswer() {
        for (var testimony : testimonies.values()) {
            var leader = testimony.previousLeader();
            if (leader >= 0
                    && leader != state.nodeId
                    && !testimonies.containsKey(leader)
                    && state.configuration().voter(leader) != null
                    && state.connected.contains(leader)) {
                return true;
            }
        }
        return false;
    }

    // Adoption

    private Role adopt() {
        for (var testimony : testimonies.values()) {
            state.knownQuorumFlushed = Math.max(state.knownQuorumFlushed, testimony.quorumFlushed());
        }
        var best = Tally.best(state.configuration(), testimonies, state.nodeId);
        Check.that(best != null, "I14: epoch %s has no sound log to adopt", epoch);
        if (best == null || best.nodeId() == state.nodeId || best.end().equals(state.end)) {
            return adopted();
        }
        switch (Lineage.meet(state.lineage, state.end, best.lineage(), best.end())) {
            case Lineage.Meeting.Broken(String message) -> throw new Check.BrokenInvariantException("I1: " + message);
            case Lineage.Meeting.None _ -> {
                return handOver(best);
            }
            case Lineage.Meeting.At meeting -> {
                var cut = meeting.cut();
                if (cut.lsn() < state.startLsn || best.end().lsn() - cut.lsn() > state.config.hopelessBytes()) {
                    return handOver(best);
                }
                source = best;
                deadline = state.nowNanos + state.config.electionTimeoutMaxNanos();
                if (cut.lsn() < state.end.lsn()) {
                    phase = Phase.CUTTING;
                    state.truncate(cut.lsn());
                    return this;
                }
                return fetch();
            }
        }
    }

    private Role handOver(Tally.Testimony best) {
        state.send(best.nodeId(), new Message.TimeoutNow(epoch));
        return new FollowerRole(state);
    }

    @Override
    public Role truncated() {
        return phase == Phase.CUTTING ? fetch() : progress();
    }

    private Role fetch() {
        phase = Phase.FETCHING;
        var from = source;
        if (from == null) {
            return this;
        }
        if (state.end.lsn() >= from.end().lsn()) {
            Check.that(
                    state.end.equals(from.end()), "I1: fetched up to %s, the source ends at %s", state.end, from.end());
            return adopted();
        }
        repeatAt = state.nowNanos + 2 * state.config.heartbeatNanos();
        state.send(from.nodeId(), new Message.Fetch(epoch, state.end));
        return this;
    }

    private Role fetched(Event.Received received, Message.Fetched fetched) {
        if (phase != Phase.FETCHING
                || fetched.epoch() != epoch
                || source == null
                || source.nodeId() != received.from()
                || !fetched.from().equals(state.end)
                || !fetched.entries().hasRemaining()) {
            return this;
        }
        state.emit(new Effect.AppendEntries(fetched.entries()));
        return this;
    }

    @Override
    public Role appended(Event.Appended appended) {
        deadline = state.nowNanos + state.config.electionTimeoutMaxNanos();
        return phase == Phase.FETCHING ? fetch() : this;
    }

    /// The log that it has now is the one that the epoch goes on from. If it names other voters than those that
    /// were counted, they are counted again.
    private Role adopted() {
        var configuration = state.configuration();
        if (!configuration.isVoter(state.nodeId, state.storageId)) {
            return new FollowerRole(state);
        }
        if (!(Tally.verdict(configuration, testimonies) instanceof Tally.Verdict.Sufficient(int reached))) {
            phase = Phase.PREPARING;
            source = null;
            sufficientSince = -1;
            prepareAgain();
            return this;
        }
        return new LeaderRole(state, epoch, Math.max(tier, reached), Tally.voters(configuration, testimonies));
    }

    // What every role does

    @Override
    public Role tick() {
        if (state.stopping) {
            return deposed("this replica ends");
        }
        // While what it has would suffice it waits on purpose, and tells those that promised that it is alive.
        var waitsForMore = phase == Phase.PREPARING && sufficientSince >= 0;
        if (state.nowNanos >= deadline && !waitsForMore && !isForced()) {
            return asking(state);
        }
        if (waitsForMore) {
            var decided = decide();
            if (decided != this) {
                return decided;
            }
        }
        if (state.nowNanos < repeatAt) {
            return this;
        }
        return switch (phase) {
            case ASKING -> askAgain();
            case PREPARING -> {
                prepareAgain();
                keepPromised();
                yield this;
            }
            case FETCHING -> {
                keepPromised();
                yield fetch();
            }
            case PROMISING, CUTTING -> this;
        };
    }

    /// Those that have testified would stand themselves if they heard nothing.
    private void keepPromised() {
        for (var node : testimonies.keySet()) {
            if (node != state.nodeId && sufficientSince >= 0) {
                state.send(node, new Message.Prepare(epoch));
            }
        }
    }

    @Override
    public Role received(Event.Received received) {
        return switch (received.message()) {
            case Message.PreVoteReply reply -> answered(received, reply);
            case Message.Promise promise -> testified(received, promise);
            case Message.Fetched fetched -> fetched(received, fetched);
            default -> this;
        };
    }

    @Override
    public Role connected(int nodeId, boolean isConnected) {
        return this;
    }

    @Override
    public Role stale(long refused, long promisedEpoch) {
        return phase != Phase.ASKING && refused == epoch && promisedEpoch >= epoch ? new FollowerRole(state) : this;
    }

    @Override
    public Role deposed(String reason) {
        if (isForced()) {
            state.emit(new Effect.RequestDone(forcedRequestId, new Effect.RequestResult.Indeterminate(reason)));
        }
        return new FollowerRole(state);
    }

    @Override
    public boolean hearsLeader() {
        return false;
    }

    @Override
    public int leader() {
        return -1;
    }

    @Override
    public ReplicationCore.Kind kind() {
        return ReplicationCore.Kind.CANDIDATE;
    }

    @Override
    public String detail() {
        return switch (phase) {
            case ASKING ->
                "asks whether it would be promised epoch %s: %s of %s voters would"
                        .formatted(
                                epoch,
                                willingOf(bestConfiguration()),
                                bestConfiguration().voters().size());
            case PROMISING ->
                (isForced() ? "forced recovery: " : "") + "makes its own promise of epoch %s durable".formatted(epoch);
            case PREPARING -> waiting();
            case CUTTING -> "cuts its log for epoch %s".formatted(epoch);
            case FETCHING ->
                "epoch %s: fetches the log up to %s"
                        .formatted(epoch, source == null ? 0 : source.end().lsn());
        };
    }

    private String waiting() {
        if (sufficientSince >= 0) {
            return "epoch %s: a voter is silent that may hold what was acknowledged from memory; waits for it"
                    .formatted(epoch);
        }
        return "epoch %s: %s of %s voters have testified, a majority of sound ones is needed"
                .formatted(
                        epoch,
                        testimonies.size(),
                        state.configuration().voters().size());
    }
}
