package io.taffrail.operator.plan;

import io.taffrail.operator.observe.ObservedCluster.Recovery;
import io.taffrail.operator.observe.SettingsValues;
import java.util.Map;

/// One step of a plan. Each may be repeated: performed twice it does what it does once.
public sealed interface Action {
    record GrowClaim(String claim, long bytes) implements Action {}

    /// Whether the claim goes when the LogCluster is deleted.
    record OwnClaim(String claim, boolean owned) implements Action {}

    /// Creates or repairs one of the cluster's objects, named `Kind/name`.
    record ApplyResource(String resource) implements Action {}

    /// Replaces the pod template; no pod restarts by it.
    record ApplyTemplate(String digest) implements Action {}

    record ScalePods(int replicas) implements Action {}

    record LabelPod(String pod, Role role) implements Action {}

    /// Writes the intention into the status, by compare-and-set: whoever comes second sees what the first recorded.
    record RecordBootstrap(String clusterId, Map<Integer, String> storages, boolean completed) implements Action {}

    record Bootstrap(int nodeId, String clusterId, Map<Integer, String> storages) implements Action {}

    /// Writes a person's decision, or that it was carried out, into the status and an Event; by compare-and-set.
    record RecordRecovery(Recovery recovery) implements Action {}

    record ForceRecovery(Recovery recovery) implements Action {}

    record ApplySettings(int nodeId, long generation, SettingsValues settings) implements Action {}

    record TransferLeadership(int leader, int target) implements Action {}

    record ChangeVoters(int leader, long expectedConfigId, VoterStep step) implements Action {}

    /// @param uid of the pod that was seen: another one under its name is left alone
    record RestartPod(String pod, String uid, String reason) implements Action {}

    enum Role {
        LEADER,
        FOLLOWER
    }

    sealed interface VoterStep {
        record AddLearner(int nodeId, String storageId) implements VoterStep {}

        record Promote(int nodeId) implements VoterStep {}

        record RemoveVoter(int nodeId) implements VoterStep {}

        record RemoveLearner(int nodeId) implements VoterStep {}
    }
}
