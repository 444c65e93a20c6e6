package io.taffrail.service.control;

import io.taffrail.proto.control.ForceRecoveryRequest;
import io.taffrail.proto.control.ForceRecoveryResponse;
import io.taffrail.replication.CommandOutcome;
import io.taffrail.replication.ForcedRecoveryRequest;
import io.taffrail.replication.RecoveryPlan;
import io.taffrail.replication.Replica;
import io.taffrail.service.api.CommandCalls;
import io.taffrail.service.api.GrpcStatusMapping;
import io.taffrail.service.api.Uuids;
import io.taffrail.service.host.ReplicaHost;
import io.taffrail.service.rpc.UnaryCall;
import java.util.List;
import java.util.UUID;
import org.jboss.logging.Logger;

/// `ForceRecovery`: the plan, or the act. Who asked and what was accepted goes to the log, since nobody can undo it.
final class RecoveryCalls {
    private static final Logger LOG = Logger.getLogger(RecoveryCalls.class);
    private static final int MAX_SURVIVORS = 64;

    private final CommandCalls commands;

    RecoveryCalls(ReplicaHost host) {
        commands = new CommandCalls(host);
    }

    void force(ForceRecoveryRequest request, UnaryCall call) {
        if (request.getSurvivorNodeIdsCount() == 0 || request.getSurvivorNodeIdsCount() > MAX_SURVIVORS) {
            invalid(
                    call,
                    "survivor_node_ids has " + request.getSurvivorNodeIdsCount()
                            + " entries: allowed are the node ids of 1 to " + MAX_SURVIVORS + " voters");
            return;
        }
        if (request.getAcceptDataLoss().isEmpty()) {
            commands.withReplica(call, replica -> plan(replica, request, call));
            return;
        }
        var clusterId = Uuids.parse(request.getAcceptDataLoss());
        if (clusterId == null) {
            invalid(
                    call,
                    "accept_data_loss has " + request.getAcceptDataLoss().size() + " bytes: it is the cluster id of "
                            + Uuids.SIZE_BYTES);
            return;
        }
        var requestId = Uuids.parse(request.getRequestId());
        if (requestId == null) {
            invalid(
                    call,
                    "request_id has " + request.getRequestId().size() + " bytes: it is " + Uuids.SIZE_BYTES
                            + " random ones with accept_data_loss");
            return;
        }
        commands.withReplica(call, replica -> execute(replica, clusterId, requestId, request, call));
    }

    private static void invalid(UnaryCall call, String message) {
        call.refuse(GrpcStatusMapping.invalid(message));
    }

    private void plan(Replica replica, ForceRecoveryRequest request, UnaryCall call) {
        replica.planRecovery(request.getSurvivorNodeIdsList(), plan -> {
            switch (plan) {
                case RecoveryPlan.Refused(var refusal) -> commands.refuse(call, new CommandOutcome.Refused(refusal));
                case RecoveryPlan.Possible possible -> {
                    var answer = response(possible).build();
                    commands.deliver(call, () -> call.answer(answer));
                }
            }
        });
    }

    private void execute(
            Replica replica, UUID clusterId, UUID requestId, ForceRecoveryRequest request, UnaryCall call) {
        var survivors = request.getSurvivorNodeIdsList();
        // The plan as it is at the very time: it goes to the log, and tells who repeats the call what was done.
        replica.planRecovery(survivors, plan -> {
            var lines = plan instanceof RecoveryPlan.Possible possible ? possible.lines() : List.<String>of();
            LOG.warnf(
                    "FORCED RECOVERY asked for by %s: survivors %s, cluster %s typed, last LSN %s: %s",
                    call.call().remoteAddress(),
                    survivors,
                    clusterId,
                    request.getExpectedLastLsn(),
                    String.join("; ", lines));
            replica.forceRecovery(
                    new ForcedRecoveryRequest(clusterId, requestId, survivors, request.getExpectedLastLsn()),
                    outcome -> {
                        LOG.warnf("FORCED RECOVERY: %s", outcome);
                        commands.ended(
                                call,
                                outcome,
                                done -> ForceRecoveryResponse.newBuilder()
                                        .addAllPlan(lines)
                                        .setExecuted(true)
                                        .setClusterId(Uuids.wire(clusterId))
                                        .setHistoryId(
                                                Uuids.wire(replica.status().historyId()))
                                        .setLastLsn(done.lsn())
                                        .setLastEpoch(done.epoch())
                                        .build());
                    });
        });
    }

    private static ForceRecoveryResponse.Builder response(RecoveryPlan.Possible plan) {
        return ForceRecoveryResponse.newBuilder()
                .addAllPlan(plan.lines())
                .setClusterId(Uuids.wire(plan.clusterId()))
                .setHistoryId(Uuids.wire(plan.historyId()))
                .setLastLsn(plan.lastLsn())
                .setLastEpoch(plan.lastEpoch());
    }
}
