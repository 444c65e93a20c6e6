package io.taffrail.service;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.taffrail.proto.control.BootstrapRequest;
import io.taffrail.proto.control.ControlGrpc;
import io.taffrail.proto.control.GetStatusRequest;
import io.taffrail.proto.control.ReplicaStatus;
import io.taffrail.proto.control.State;
import io.taffrail.service.api.Uuids;
import io.taffrail.service.host.ReplicaHost;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Makes the voters of a static cluster one, from the replica with the lowest id: asks each for its storage, then
/// tells all of them who they are. Every step may be repeated, so an interrupted attempt is finished by the next. A
/// cluster that exists is never made again: a voter with other storage than the cluster knows is left alone.
final class StaticBootstrap {
    private static final Logger LOG = Logger.getLogger(StaticBootstrap.class);
    private static final long RETRY_MILLIS = 200;
    private static final long CALL_MILLIS = 2_000;
    /// Voters of one start are not there at once, which is nothing to warn of.
    private static final long SILENT_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final List<Voter> voters;
    private final ReplicaHost host;
    private final @Nullable ServiceTls tls;
    /// Of the last attempt.
    private String obstacle = "";

    StaticBootstrap(List<Voter> voters, ReplicaHost host, @Nullable ServiceTls tls) {
        this.voters = voters;
        this.host = host;
        this.tls = tls;
    }

    /// Until the cluster stands or the thread is interrupted. Only the voter with the lowest id does anything.
    void run() {
        var lowest = voters.stream().mapToInt(Voter::nodeId).min().orElse(-1);
        if (lowest != host.nodeId()) {
            return;
        }
        var channels = new LinkedHashMap<Integer, ManagedChannel>();
        try {
            for (var voter : voters) {
                channels.put(voter.nodeId(), channel(voter.clientAddress()));
            }
            var begun = System.nanoTime();
            var warned = false;
            while (!attempt(channels)) {
                if (!warned && System.nanoTime() - begun > SILENT_NANOS) {
                    warned = true;
                    LOG.warnf("the cluster is not bootstrapped yet, it is tried on: %s", obstacle);
                }
                Thread.sleep(RETRY_MILLIS);
                // Voters start when they start; a channel's own pauses would grow to minutes.
                channels.values().forEach(ManagedChannel::resetConnectBackoff);
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } catch (IOException | RuntimeException unusable) {
            LOG.errorf(unusable, "the cluster is not bootstrapped: %s", unusable.getMessage());
        } finally {
            channels.values().forEach(ManagedChannel::shutdownNow);
        }
    }

    private ManagedChannel channel(String address) throws IOException {
        var builder = NettyChannelBuilder.forTarget(address);
        return tls == null
                ? builder.usePlaintext().build()
                : builder.sslContext(tls.callsAsClient()).build();
    }

    /// True: nothing is left to do.
    private boolean attempt(Map<Integer, ManagedChannel> channels) {
        try {
            var found = new LinkedHashMap<Integer, ReplicaStatus>();
            for (var voter : voters) {
                var status = stub(channels, voter.nodeId()).getStatus(GetStatusRequest.getDefaultInstance());
                if (status.getState() == State.STATE_RECOVERING || status.getNodeId() != voter.nodeId()) {
                    obstacle = "node %s at %s answers as node %s in %s"
                            .formatted(voter.nodeId(), voter.clientAddress(), status.getNodeId(), status.getState());
                    return false;
                }
                found.put(voter.nodeId(), status);
            }
            return bootstrap(channels, found);
        } catch (StatusRuntimeException unreachable) {
            obstacle = reason(unreachable);
            return false;
        }
    }

    /// What gRPC itself says of a connection that fails is "io exception".
    private static String reason(StatusRuntimeException unreachable) {
        var cause = unreachable.getCause();
        return unreachable.getStatus().getCode() + ", "
                + (cause == null ? unreachable.getStatus().getDescription() : cause.getMessage());
    }

    private boolean bootstrap(Map<Integer, ManagedChannel> channels, Map<Integer, ReplicaStatus> found) {
        var known = found.values().stream()
                .filter(status -> !status.getClusterId().isEmpty())
                .toList();
        if (known.size() == found.size()) {
            return true;
        }
        var request = BootstrapRequest.newBuilder();
        if (known.isEmpty()) {
            request.setClusterId(Uuids.wire(UUID.randomUUID()));
            for (var voter : voters) {
                request.addVoters(wire(voter, found));
            }
        } else {
            var member = known.getFirst();
            request.setClusterId(member.getClusterId()).addAllVoters(member.getVotersList());
            for (var status : found.values()) {
                if (!isVoter(member, status.getNodeId(), status.getStorageUuid())) {
                    LOG.warnf(
                            "node %s has storage that cluster %s does not know: remove the old voter and add this one",
                            status.getNodeId(), Uuids.parse(member.getClusterId()));
                    return true;
                }
            }
        }
        for (var voter : voters) {
            stub(channels, voter.nodeId()).bootstrap(request.build());
        }
        LOG.infof("cluster %s is bootstrapped with %s voters", Uuids.parse(request.getClusterId()), voters.size());
        return true;
    }

    private static boolean isVoter(ReplicaStatus member, int nodeId, ByteString storage) {
        return member.getVotersList().stream()
                .anyMatch(voter ->
                        voter.getNodeId() == nodeId && voter.getStorageUuid().equals(storage));
    }

    private static io.taffrail.proto.control.Voter wire(Voter voter, Map<Integer, ReplicaStatus> found) {
        var status = found.get(voter.nodeId());
        if (status == null) {
            throw new IllegalStateException("node " + voter.nodeId() + " was not asked");
        }
        return io.taffrail.proto.control.Voter.newBuilder()
                .setNodeId(voter.nodeId())
                .setStorageUuid(status.getStorageUuid())
                .setPeerAddress(voter.peerAddress())
                .setClientAddress(voter.clientAddress())
                .build();
    }

    private static ControlGrpc.ControlBlockingStub stub(Map<Integer, ManagedChannel> channels, int nodeId) {
        return ControlGrpc.newBlockingStub(channels.get(nodeId)).withDeadlineAfter(CALL_MILLIS, TimeUnit.MILLISECONDS);
    }
}
