package io.taffrail.operator.apply;

import io.taffrail.operator.control.CallOutcome;
import io.taffrail.operator.control.ReplicaChannels;
import io.taffrail.operator.observe.ClusterObserver;
import io.taffrail.operator.observe.ControlMapping;
import io.taffrail.operator.observe.ObservedCluster;
import io.taffrail.operator.observe.TlsReading;
import io.taffrail.operator.plan.Action;
import io.taffrail.operator.plan.Action.VoterStep;
import io.taffrail.operator.resource.ClusterNames;
import io.taffrail.proto.control.ApplySettingsRequest;
import io.taffrail.proto.control.BootstrapRequest;
import io.taffrail.proto.control.ChangeVotersRequest;
import io.taffrail.proto.control.ControlGrpc.ControlBlockingStub;
import io.taffrail.proto.control.ForceRecoveryRequest;
import io.taffrail.proto.control.TransferLeadershipRequest;
import io.taffrail.proto.control.Voter;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The actions that call a replica.
public final class ControlActions {
    private final ReplicaChannels channels;

    /// The replicas of one cluster, as they were seen.
    record Target(
            ClusterNames names,
            ObservedCluster seen,
            @Nullable TlsReading tls) {}

    public ControlActions(ReplicaChannels channels) {
        this.channels = channels;
    }

    CallOutcome<?> bootstrap(Target target, Action.Bootstrap action) {
        var request = BootstrapRequest.newBuilder().setClusterId(ControlMapping.bytes(action.clusterId()));
        new TreeMap<>(action.storages())
                .forEach((node, storage) -> request.addVoters(voter(target.names(), node, storage)));
        return call(target, action.nodeId(), stub -> stub.bootstrap(request.build()));
    }

    CallOutcome<?> forceRecovery(Target target, Action.ForceRecovery action) {
        var recovery = action.recovery();
        var request = ForceRecoveryRequest.newBuilder()
                .addAllSurvivorNodeIds(recovery.survivors())
                .setAcceptDataLoss(ControlMapping.bytes(recovery.clusterId()))
                .setExpectedLastLsn(recovery.expectedLastLsn())
                .setRequestId(ControlMapping.bytes(recovery.requestId()))
                .build();
        return call(target, recovery.from(), stub -> stub.forceRecovery(request));
    }

    CallOutcome<?> applySettings(Target target, Action.ApplySettings action) {
        var request = ApplySettingsRequest.newBuilder()
                .setGeneration(action.generation())
                .setSettings(ControlMapping.settings(action.settings()))
                .build();
        return call(target, action.nodeId(), stub -> stub.applySettings(request));
    }

    CallOutcome<?> transfer(Target target, Action.TransferLeadership action) {
        var request = TransferLeadershipRequest.newBuilder()
                .setTargetNodeId(action.target())
                .build();
        return call(target, action.leader(), stub -> stub.transferLeadership(request));
    }

    CallOutcome<?> changeVoters(Target target, Action.ChangeVoters action) {
        var request = ChangeVotersRequest.newBuilder().setExpectedConfigId(action.expectedConfigId());
        switch (action.step()) {
            case VoterStep.AddLearner(int node, String storage) ->
                request.setAddLearner(voter(target.names(), node, storage));
            case VoterStep.Promote(int node) -> request.setPromoteLearnerNodeId(node);
            case VoterStep.RemoveVoter(int node) -> request.setRemoveVoterNodeId(node);
            case VoterStep.RemoveLearner(int node) -> request.setRemoveLearnerNodeId(node);
        }
        return call(target, action.leader(), stub -> stub.changeVoters(request.build()));
    }

    private <T> CallOutcome<T> call(Target target, int nodeId, Function<ControlBlockingStub, T> call) {
        var tls = target.tls();
        var address = target.seen()
                .pod(nodeId)
                .map(pod -> ClusterObserver.address(target.names(), pod, tls))
                .orElse(null);
        if (address == null) {
            return new CallOutcome.Unreachable<>(target.names().pod(nodeId) + " has no address");
        }
        return channels.change(address, tls == null ? null : tls.credentials(), call);
    }

    private static Voter voter(ClusterNames names, int nodeId, String storageId) {
        return Voter.newBuilder()
                .setNodeId(nodeId)
                .setStorageUuid(ControlMapping.bytes(storageId))
                .setPeerAddress(names.peerAddress(nodeId))
                .setClientAddress(names.clientAddress(nodeId))
                .build();
    }
}
