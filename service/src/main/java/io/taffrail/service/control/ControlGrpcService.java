package io.taffrail.service.control;

import io.taffrail.proto.control.ApplySettingsRequest;
import io.taffrail.proto.control.ApplySettingsResponse;
import io.taffrail.proto.control.BootstrapRequest;
import io.taffrail.proto.control.BootstrapResponse;
import io.taffrail.proto.control.ChangeVotersRequest;
import io.taffrail.proto.control.ChangeVotersResponse;
import io.taffrail.proto.control.ControlGrpc;
import io.taffrail.proto.control.ForceRecoveryRequest;
import io.taffrail.proto.control.GetStatusRequest;
import io.taffrail.proto.control.TransferLeadershipRequest;
import io.taffrail.proto.control.TransferLeadershipResponse;
import io.taffrail.proto.control.Voter;
import io.taffrail.replication.Peer;
import io.taffrail.replication.VoterChange;
import io.taffrail.service.api.CommandCalls;
import io.taffrail.service.api.GrpcStatusMapping;
import io.taffrail.service.api.StreamMessages;
import io.taffrail.service.api.Uuids;
import io.taffrail.service.host.ReplicaHost;
import io.taffrail.service.rpc.HostPort;
import io.taffrail.service.rpc.RpcServer;
import io.taffrail.service.rpc.UnaryCall;
import io.taffrail.service.telemetry.ProcessInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/// `taffrail.control.v1.Control`: maps to the replica's values and back.
public final class ControlGrpcService {
    private static final String SERVICE = ControlGrpc.SERVICE_NAME + "/";
    private static final int ANY_FOLLOWER = -1;

    private final ReplicaHost host;
    private final TailMemory memory;
    private final CommandCalls commands;
    private final StatusMessages status;
    private final RecoveryCalls recovery;

    public ControlGrpcService(ReplicaHost host, ProcessInfo info, TailMemory memory) {
        this.host = host;
        this.memory = memory;
        commands = new CommandCalls(host);
        status = new StatusMessages(host, info);
        recovery = new RecoveryCalls(host);
    }

    public void register(RpcServer server) {
        server.method(
                SERVICE + "GetStatus",
                UnaryCall.method(GetStatusRequest.parser(), (request, call) -> call.answer(status.current())));
        server.method(SERVICE + "Bootstrap", UnaryCall.method(BootstrapRequest.parser(), this::bootstrap));
        server.method(SERVICE + "ApplySettings", UnaryCall.method(ApplySettingsRequest.parser(), this::applySettings));
        server.method(
                SERVICE + "TransferLeadership",
                UnaryCall.method(TransferLeadershipRequest.parser(), this::transferLeadership));
        server.method(SERVICE + "ChangeVoters", UnaryCall.method(ChangeVotersRequest.parser(), this::changeVoters));
        server.method(SERVICE + "ForceRecovery", UnaryCall.method(ForceRecoveryRequest.parser(), recovery::force));
    }

    private void bootstrap(BootstrapRequest request, UnaryCall call) {
        var clusterId = Uuids.parse(request.getClusterId());
        if (clusterId == null) {
            call.refuse(GrpcStatusMapping.invalid(
                    "cluster_id has " + request.getClusterId().size() + " bytes: allowed are " + Uuids.SIZE_BYTES));
            return;
        }
        List<Peer> voters;
        try {
            voters = peers(request.getVotersList());
        } catch (StreamMessages.InvalidField invalid) {
            call.refuse(GrpcStatusMapping.invalid(String.valueOf(invalid.getMessage())));
            return;
        }
        commands.withReplica(call, replica -> {
            var already = clusterId.equals(replica.status().clusterId());
            replica.bootstrap(
                    clusterId,
                    voters,
                    outcome -> commands.ended(
                            call,
                            outcome,
                            done -> BootstrapResponse.newBuilder()
                                    .setAlready(already)
                                    .build()));
        });
    }

    private static List<Peer> peers(List<Voter> voters) throws StreamMessages.InvalidField {
        var peers = new ArrayList<Peer>(voters.size());
        for (var voter : voters) {
            peers.add(peer("voters[" + peers.size() + "]", voter));
        }
        return peers;
    }

    private static Peer peer(String field, Voter voter) throws StreamMessages.InvalidField {
        UUID storageId = Uuids.parse(voter.getStorageUuid());
        if (storageId == null) {
            throw StreamMessages.invalid(field + ".storage_uuid has "
                    + voter.getStorageUuid().size() + " bytes: allowed are " + Uuids.SIZE_BYTES);
        }
        return new Peer(
                voter.getNodeId(),
                storageId,
                address(field + ".peer_address", voter.getPeerAddress()),
                address(field + ".client_address", voter.getClientAddress()));
    }

    private static String address(String field, String value) throws StreamMessages.InvalidField {
        if (HostPort.parse(value) == null) {
            throw StreamMessages.invalid(field + " is \"" + value + "\": allowed is " + HostPort.ALLOWED);
        }
        return value;
    }

    private void applySettings(ApplySettingsRequest request, UnaryCall call) {
        commands.withReplica(call, replica -> {
            try {
                var settings = SettingsMessages.merged(replica.settings(), request, memory);
                replica.applySettings(
                        settings,
                        outcome -> commands.ended(
                                call,
                                outcome,
                                done -> ApplySettingsResponse.newBuilder()
                                        .setGeneration(settings.generation())
                                        .build()));
            } catch (StreamMessages.InvalidField invalid) {
                call.refuse(GrpcStatusMapping.invalid(String.valueOf(invalid.getMessage())));
            }
        });
    }

    private void transferLeadership(TransferLeadershipRequest request, UnaryCall call) {
        commands.withReplica(
                call,
                replica -> replica.transferLeadership(
                        request.hasTargetNodeId() ? request.getTargetNodeId() : ANY_FOLLOWER,
                        outcome -> commands.ended(call, outcome, done -> {
                            var answer = TransferLeadershipResponse.newBuilder();
                            var seen = host.status();
                            var leader = seen == null ? null : GrpcStatusMapping.leaderHint(seen);
                            if (leader != null) {
                                answer.setLeader(leader);
                            }
                            return answer.build();
                        })));
    }

    private void changeVoters(ChangeVotersRequest request, UnaryCall call) {
        VoterChange change;
        try {
            change = switch (request.getChangeCase()) {
                case ADD_LEARNER -> new VoterChange.AddLearner(peer("add_learner", request.getAddLearner()));
                case PROMOTE_LEARNER_NODE_ID -> new VoterChange.PromoteLearner(request.getPromoteLearnerNodeId());
                case REMOVE_VOTER_NODE_ID -> new VoterChange.RemoveVoter(request.getRemoveVoterNodeId());
                case REMOVE_LEARNER_NODE_ID -> new VoterChange.RemoveLearner(request.getRemoveLearnerNodeId());
                case CHANGE_NOT_SET ->
                    throw StreamMessages.invalid("change is not set: allowed are add_learner,"
                            + " promote_learner_node_id, remove_voter_node_id, remove_learner_node_id");
            };
        } catch (StreamMessages.InvalidField invalid) {
            call.refuse(GrpcStatusMapping.invalid(String.valueOf(invalid.getMessage())));
            return;
        }
        commands.withReplica(
                call,
                replica -> replica.changeVoters(
                        request.getExpectedConfigId(),
                        change,
                        outcome -> commands.ended(
                                call,
                                outcome,
                                done -> ChangeVotersResponse.newBuilder()
                                        .setConfigId(replica.status().configId())
                                        .build())));
    }
}
