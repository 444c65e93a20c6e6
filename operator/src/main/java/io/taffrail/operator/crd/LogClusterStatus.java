package io.taffrail.operator.crd;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.kubernetes.model.annotation.LabelSelector;
import io.fabric8.kubernetes.model.annotation.StatusReplicas;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What the operator found, and what it is about to do. `bootstrap` is written before it is acted on.
public record LogClusterStatus(
        @Nullable Long observedGeneration,

        @JsonPropertyDescription("Written once, before the replicas are told.") @Nullable
        String clusterId,

        @JsonPropertyDescription("The intention to make empty replicas a cluster, and that it was done.") @Nullable
        Bootstrap bootstrap,

        @JsonPropertyDescription("Nodes that vote, as the last leader said: so many pods must start to elect one.")
        List<Integer> voters,

        @JsonPropertyDescription("The newest server that has written to the volumes; older ones are refused.") @Nullable
        String newestVersion,

        @Nullable Leader leader,
        @Nullable Integer readyReplicas,

        @JsonPropertyDescription("Pods, for the scale subresource.") @StatusReplicas @Nullable
        Integer podCount,

        @JsonPropertyDescription("Of the pods, for the scale subresource.") @LabelSelector @Nullable
        String selector,

        List<Replica> replicas,

        @JsonPropertyDescription("What the spec promises. The condition DurabilityMet says whether it is in force.")
        @Nullable
        Durability durability,

        @Nullable Endpoints endpoints,
        @Nullable Settings settings,

        @JsonPropertyDescription("Claims that are deleted, with the log on their volumes, when this LogCluster is.")
        List<String> ownedClaims,

        @JsonPropertyDescription("What waits, why, and what would let it go on.")
        List<PendingChange> pendingChanges,

        @JsonPropertyDescription("What spec.forceRecovery would do. Nothing was changed yet.") @Nullable
        RecoveryPlan recoveryPlan,

        @JsonPropertyDescription("Forced recoveries, the oldest first, at most 10. Each is written before it is done.")
        List<Recovery> recoveries,

        List<Condition> conditions) {
    public static final LogClusterStatus NONE = new LogClusterStatus(
            null, null, null, List.of(), null, null, null, null, null, List.of(), null, null, null, List.of(),
            List.of(), null, List.of(), List.of());

    public LogClusterStatus {
        voters = voters == null ? List.of() : voters;
        replicas = replicas == null ? List.of() : replicas;
        ownedClaims = ownedClaims == null ? List.of() : ownedClaims;
        pendingChanges = pendingChanges == null ? List.of() : pendingChanges;
        recoveries = recoveries == null ? List.of() : recoveries;
        conditions = conditions == null ? List.of() : conditions;
    }

    public LogClusterStatus withBootstrap(String id, Bootstrap intention) {
        return new LogClusterStatus(
                observedGeneration,
                id,
                intention,
                voters,
                newestVersion,
                leader,
                readyReplicas,
                podCount,
                selector,
                replicas,
                durability,
                endpoints,
                settings,
                ownedClaims,
                pendingChanges,
                recoveryPlan,
                recoveries,
                conditions);
    }

    public LogClusterStatus withRecoveries(List<Recovery> recorded) {
        return with(observedGeneration, recorded, conditions);
    }

    public LogClusterStatus withConditions(@Nullable Long generation, List<Condition> now) {
        return with(generation, recoveries, now);
    }

    private LogClusterStatus with(@Nullable Long generation, List<Recovery> recorded, List<Condition> now) {
        return new LogClusterStatus(
                generation,
                clusterId,
                bootstrap,
                voters,
                newestVersion,
                leader,
                readyReplicas,
                podCount,
                selector,
                replicas,
                durability,
                endpoints,
                settings,
                ownedClaims,
                pendingChanges,
                recoveryPlan,
                recorded,
                now);
    }

    public record RecoveryPlan(
            @JsonPropertyDescription("The replica whose log would go on.") @Required
            Integer from,

            @JsonPropertyDescription("For spec.forceRecovery.expectLastLsn: where the log of `from` ends.") @Required
            String lastLsn,

            @JsonPropertyDescription("What would be done, and what would be lost.")
            List<String> plan) {}

    public record Recovery(
            @JsonPropertyDescription("Of what was decided; a replica carries one request out once.") @Required
            String requestId,

            @JsonPropertyDescription("The replica whose log went on.") @Required
            Integer from,

            @JsonPropertyDescription("The first voters of the new history.")
            List<Integer> survivors,

            @JsonPropertyDescription("As it was typed.") @Required
            String clusterId,

            @JsonPropertyDescription("As it was typed.") @Required
            String expectLastLsn,

            @JsonPropertyDescription("The history that was given up.") @Required
            String previousHistoryId,

            @JsonPropertyDescription("What was to be done and lost.")
            List<String> plan,

            @JsonPropertyDescription("When it was decided, before the replica heard of it.") @Required
            String recordedAt,

            @JsonPropertyDescription("When the new history was first seen.") @Nullable
            String completedAt) {}

    public record Bootstrap(
            @JsonPropertyDescription("The first voters: which storage each node had.")
            List<BootstrapVoter> voters,

            @JsonPropertyDescription("When a leader was first seen. From then on the cluster is never made again.")
            @Nullable
            String completedAt) {}

    public record BootstrapVoter(
            @Required Integer nodeId, @Required String storageId) {}

    public record Leader(
            @Required String pod,

            @JsonPropertyDescription("A number, as text.") @Required
            String epoch,

            @Nullable String since) {}

    public record Replica(
            @Required String pod,

            @JsonPropertyDescription("Leader, Follower, Candidate, Learner, or Unknown.") @Required
            String role,

            @JsonPropertyDescription("Serving, CatchingUp, Recovering, Waiting, Failed, or Unreachable.") @Required
            String state,

            @JsonPropertyDescription("Of the recovery.") @Nullable
            Integer progressPercent,

            @JsonPropertyDescription("Its disk's identity: another one means that the volume was replaced.") @Nullable
            String storageId,

            @Nullable String version,

            @JsonPropertyDescription("The I/O method that it chose, and why.") @Nullable
            String ioMethod,

            @JsonPropertyDescription("What the replica says of its state.") @Nullable
            String detail) {}

    public record Durability(
            @JsonPropertyDescription("commitMode/replicationMode of streams that say nothing else.") @Required
            String acknowledged,

            List<WorstCaseLoss> worstCaseLoss) {}

    public record WorstCaseLoss(
            @Required String fault,

            @JsonPropertyDescription("What of the acknowledged records may be lost at most.") @Required
            String bound) {}

    public record Endpoints(
            @JsonPropertyDescription("Follows the leader.") @Required
            String leader,

            @JsonPropertyDescription("Any replica that is ready.") @Required
            String any) {}

    public record Settings(
            @JsonPropertyDescription("The generation that every reachable replica runs with, as text.") @Nullable
            String appliedGeneration,

            List<String> outstanding) {}

    public record PendingChange(
            @Required String name,

            @JsonPropertyDescription("Why it waits.") @Required
            String reason,

            @JsonPropertyDescription("What it does, and what lets it go on.") @Required
            String message) {}
}
