package io.taffrail.replication;

import io.taffrail.replication.protocol.Effect;
import io.taffrail.replication.protocol.ForcedRecovery;
import io.taffrail.replication.protocol.Member;
import io.taffrail.streams.Refusal;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/// What a forced recovery would do and what it could lose, for a person to decide.
public sealed interface RecoveryPlan {
    /// @param lastLsn where the log ends that would go on, and `lastEpoch` of its last entry
    /// @param lines for people, one thing each
    record Possible(UUID clusterId, UUID historyId, long lastLsn, long lastEpoch, List<String> lines)
            implements RecoveryPlan {}

    record Refused(Refusal refusal) implements RecoveryPlan {}

    static RecoveryPlan of(int nodeId, ForcedRecovery.Plan plan) {
        return switch (plan) {
            case ForcedRecovery.Plan.Refused(Effect.Reason reason, String message) ->
                new Refused(Refusal.of(Requests.code(reason), message));
            case ForcedRecovery.Plan.Possible possible ->
                new Possible(
                        possible.clusterId(),
                        possible.historyId(),
                        possible.end().lsn(),
                        possible.end().epoch(),
                        lines(nodeId, possible));
        };
    }

    private static List<String> lines(int nodeId, ForcedRecovery.Plan.Possible plan) {
        var lines = new ArrayList<String>();
        var end = plan.end();
        lines.add("cluster %s, history %s".formatted(plan.clusterId(), plan.historyId()));
        lines.add("the log of replica %s goes on; it ends at LSN %s, in epoch %s"
                .formatted(nodeId, end.lsn(), end.epoch()));
        lines.add("configuration %s becomes %s: voters %s, before %s"
                .formatted(
                        plan.current().id(),
                        plan.next().id(),
                        nodes(plan.next().voters()),
                        nodes(plan.current().voters())));
        for (var member : plan.lost()) {
            lines.add("given up: replica %s, storage %s".formatted(member.nodeId(), member.storageId()));
        }
        lines.addAll(losses(plan));
        if (plan.next().voters().size() > 1) {
            lines.add(
                    "the other survivors cut what this log does not hold, and nobody leads until a majority of %s has it"
                            .formatted(nodes(plan.next().voters())));
        }
        if (plan.connected().size() + 1 >= plan.current().majority()) {
            lines.add(
                    "replicas %s are connected, a majority with this one: an election may need no forcing, wait for it"
                            .formatted(plan.connected()));
        }
        lines.add("a new history begins: whoever holds the old one is refused, readers with LOG_TRUNCATED");
        return List.copyOf(lines);
    }

    private static List<String> losses(ForcedRecovery.Plan.Possible plan) {
        var lines = new ArrayList<String>();
        var missing = plan.quorumFlushed() - plan.end().lsn();
        if (missing > 0) {
            lines.add("LOSS: a majority had flushed up to LSN %s, so at least %s bytes of acknowledged records are lost"
                    .formatted(plan.quorumFlushed(), missing));
        } else if (plan.quorumFlushed() > 0) {
            lines.add("it holds all that it knows a majority to have flushed, up to LSN %s"
                    .formatted(plan.quorumFlushed()));
        } else {
            lines.add("since it started it has not heard what a majority has flushed");
        }
        lines.add("LOSS: what others acknowledged beyond LSN %s, at every level but All, is lost"
                .formatted(plan.end().lsn()));
        switch (plan.integrity()) {
            case INTACT ->
                lines.add("it is intact: at level All nothing is lost, if it was in sync when it was acknowledged");
            case AMNESIC ->
                lines.add(
                        "LOSS: it is amnesic: what it acknowledged from memory in its last 3 x writerDelay may be missing");
            case SUSPECT ->
                lines.add(
                        "LOSS: it is suspect: its log has lost bytes or was being filled up, and what is left is not proven");
        }
        return lines;
    }

    private static List<Integer> nodes(List<Member> members) {
        return members.stream().map(Member::nodeId).toList();
    }
}
