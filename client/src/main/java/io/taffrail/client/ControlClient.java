package io.taffrail.client;

import io.taffrail.proto.control.ApplySettingsRequest;
import io.taffrail.proto.control.ApplySettingsResponse;
import io.taffrail.proto.control.BootstrapRequest;
import io.taffrail.proto.control.BootstrapResponse;
import io.taffrail.proto.control.ChangeVotersRequest;
import io.taffrail.proto.control.ChangeVotersResponse;
import io.taffrail.proto.control.ControlGrpc;
import io.taffrail.proto.control.ForceRecoveryRequest;
import io.taffrail.proto.control.ForceRecoveryResponse;
import io.taffrail.proto.control.GetStatusRequest;
import io.taffrail.proto.control.ReplicaStatus;
import io.taffrail.proto.control.TransferLeadershipRequest;
import io.taffrail.proto.control.TransferLeadershipResponse;
import java.util.OptionalInt;

/// The calls by which replicas are operated. Those to one replica are one attempt; those to the leader are tried again
/// after a refusal that has certainly changed nothing.
public final class ControlClient {
    private final UnaryCalls calls;

    ControlClient(UnaryCalls calls) {
        this.calls = calls;
    }

    public ReplicaStatus status(Endpoint endpoint) {
        return calls.to(endpoint, ControlGrpc.getGetStatusMethod(), GetStatusRequest.getDefaultInstance());
    }

    public BootstrapResponse bootstrap(Endpoint endpoint, BootstrapRequest request) {
        return calls.to(endpoint, ControlGrpc.getBootstrapMethod(), request);
    }

    public ApplySettingsResponse applySettings(Endpoint endpoint, ApplySettingsRequest request) {
        return calls.to(endpoint, ControlGrpc.getApplySettingsMethod(), request);
    }

    /// Each try may cost an election, so that NOT_NOW is told at once; [LogClientException#isRetryable] then.
    ///
    /// @param target empty: the follower that has the most
    public TransferLeadershipResponse transferLeadership(OptionalInt target) {
        var request = TransferLeadershipRequest.newBuilder();
        target.ifPresent(request::setTargetNodeId);
        return calls.toLeader(
                ControlGrpc.getTransferLeadershipMethod(), request.build(), UnaryCalls.Repeat.UNLESS_NOT_NOW);
    }

    public ChangeVotersResponse changeVoters(ChangeVotersRequest request) {
        return calls.toLeader(ControlGrpc.getChangeVotersMethod(), request, UnaryCalls.Repeat.ONLY_IF_REFUSED);
    }

    /// To one replica, since with no majority there is no leader.
    public ForceRecoveryResponse forceRecovery(Endpoint endpoint, ForceRecoveryRequest request) {
        return calls.to(endpoint, ControlGrpc.getForceRecoveryMethod(), request);
    }
}
