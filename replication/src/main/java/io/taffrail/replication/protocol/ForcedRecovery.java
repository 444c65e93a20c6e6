package io.taffrail.replication.protocol;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Going on from less than a majority, which no election does (I14): a person names the survivors and accepts what
/// only the others held. It begins a new history, so that whoever still holds the old one is refused.
public final class ForcedRecovery {
    /// The epochs of the new history stay clear of those that the lost voters may give each other, should they live
    /// on somewhere: one epoch never has two beginnings in logs that may meet (I1).
    static final long EPOCHS_SKIPPED = 1 << 20;

    private ForcedRecovery() {}

    /// @param requestId chosen at random by who asks, so that a repeated request is known as one
    /// @param survivors node ids of the voters that the new history begins with
    /// @param expectedLastLsn where this log ends, as the plan said
    public record Request(UUID clusterId, UUID requestId, List<Integer> survivors, long expectedLastLsn) {
        /// The history that begins when the replica with this storage is asked. One request that is sent to two
        /// replicas begins two histories, which never take each other for their own.
        UUID historyId(UUID storageId) {
            return new UUID(
                    requestId.getMostSignificantBits() ^ storageId.getMostSignificantBits(),
                    requestId.getLeastSignificantBits() ^ storageId.getLeastSignificantBits());
        }
    }

    public sealed interface Plan {
        /// @param next the configuration that would be in force
        /// @param lost voters that would be no members any more
        /// @param end of this log, from which the new history goes on
        /// @param quorumFlushed as far as this incarnation has heard; 0: nothing
        /// @param connected voters that this replica has a connection to
        record Possible(
                UUID clusterId,
                UUID historyId,
                Configuration current,
                Configuration next,
                List<Member> lost,
                LogPosition end,
                Integrity integrity,
                long quorumFlushed,
                List<Integer> connected)
                implements Plan {}

        record Refused(Effect.Reason reason, String message) implements Plan {}
    }

    /// What a forced recovery from this replica with these survivors would do. Changes nothing.
    static Plan plan(ReplicaState state, Role role, List<Integer> survivors) {
        var clusterId = state.hard.clusterId();
        var historyId = state.hard.historyId();
        if (clusterId == null || historyId == null) {
            return invalid("this replica belongs to no cluster: bootstrap it");
        }
        if (state.hard.isEvicted()) {
            return invalid(state.hard.standing().eviction().detail());
        }
        if (role instanceof LeaderRole || role.hearsLeader()) {
            return invalid("node %s leads epoch %s: change the voters there, nothing has to be forced"
                    .formatted(role.leader(), state.hard.promisedEpoch()));
        }
        if (state.isTruncating() || state.stopping) {
            return notNow("this replica is cutting or replacing its log, or it ends");
        }
        if (!state.isRefilled()) {
            // Only a leader ends that, and while one is there nothing has to be forced.
            return invalid("this replica's log ends at LSN %s, and is being filled up behind a seed from a leader"
                    .formatted(state.end.lsn()));
        }
        if (state.flushedLsn < state.end.lsn()) {
            // The history would be replaced at once: a crash would then go on from less than the plan had said.
            return notNow("the disk holds this log up to LSN %s only, of %s: wait until all of it is flushed"
                    .formatted(state.flushedLsn, state.end.lsn()));
        }
        var current = state.configurationOfHistory();
        var kept = new TreeSet<Integer>();
        for (var node : survivors) {
            if (current.voter(node) == null) {
                return invalid("survivors names node %s: the voters of configuration %s are %s"
                        .formatted(node, current.id(), nodes(current.voters())));
            }
            if (!kept.add(node)) {
                return invalid("survivors names node %s twice".formatted(node));
            }
        }
        if (!kept.contains(state.nodeId) || !current.isVoter(state.nodeId, state.storageId)) {
            return invalid(
                    "survivors are %s: the replica that is asked, node %s, must be one of them, since its log goes on"
                            .formatted(kept, state.nodeId));
        }
        var voters = new ArrayList<Member>();
        var lost = new ArrayList<Member>();
        for (var voter : current.voters()) {
            (kept.contains(voter.nodeId()) ? voters : lost).add(voter);
        }
        var connected = new ArrayList<Integer>();
        for (var node : state.connected) {
            if (current.voter(node) != null) {
                connected.add(node);
            }
        }
        return new Plan.Possible(
                clusterId,
                historyId,
                current,
                new Configuration(current.id() + 1, voters, List.of()),
                List.copyOf(lost),
                state.end,
                state.integrity,
                state.knownQuorumFlushed,
                List.copyOf(connected));
    }

    /// Null: the plan may be carried out.
    static Plan.@Nullable Refused refusal(Plan.Possible plan, Request request) {
        if (!plan.clusterId().equals(request.clusterId())) {
            return invalid("accept_data_loss is %s: it has to name the cluster, %s"
                    .formatted(request.clusterId(), plan.clusterId()));
        }
        if (plan.end().lsn() != request.expectedLastLsn()) {
            return invalid("expected_last_lsn is %s: this log ends at %s (epoch %s), look at the plan again"
                    .formatted(
                            request.expectedLastLsn(),
                            plan.end().lsn(),
                            plan.end().epoch()));
        }
        return null;
    }

    private static List<Integer> nodes(List<Member> members) {
        return members.stream().map(Member::nodeId).toList();
    }

    private static Plan.Refused invalid(String message) {
        return new Plan.Refused(Effect.Reason.INVALID, message);
    }

    private static Plan.Refused notNow(String message) {
        return new Plan.Refused(Effect.Reason.NOT_NOW, message);
    }
}
