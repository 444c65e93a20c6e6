package io.taffrail.operator.cluster;

import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.taffrail.proto.control.ApplySettingsRequest;
import io.taffrail.proto.control.ApplySettingsResponse;
import io.taffrail.proto.control.BootstrapRequest;
import io.taffrail.proto.control.BootstrapResponse;
import io.taffrail.proto.control.ChangeVotersRequest;
import io.taffrail.proto.control.ChangeVotersResponse;
import io.taffrail.proto.control.ControlGrpc;
import io.taffrail.proto.control.GetStatusRequest;
import io.taffrail.proto.control.ReplicaStatus;
import io.taffrail.proto.control.TransferLeadershipRequest;
import io.taffrail.proto.control.TransferLeadershipResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.function.Supplier;

/// A replica's control service on a loopback address of its own, answered by a [StandInCluster].
public final class StandInReplica implements AutoCloseable {
    private final StandInCluster cluster;
    private final int node;
    private final Server server;

    StandInReplica(StandInCluster cluster, int node, String address, int port) {
        this.cluster = cluster;
        this.node = node;
        cluster.start(node);
        server = NettyServerBuilder.forAddress(new InetSocketAddress(address, port))
                .addService(new Control())
                .addService(new StandInStreams(cluster, node))
                .build();
        try {
            server.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        cluster.stop(node);
        server.shutdownNow();
        try {
            server.awaitTermination();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private final class Control extends ControlGrpc.ControlImplBase {
        @Override
        public void getStatus(GetStatusRequest request, StreamObserver<ReplicaStatus> answer) {
            reply(answer, () -> cluster.status(node));
        }

        @Override
        public void bootstrap(BootstrapRequest request, StreamObserver<BootstrapResponse> answer) {
            reply(answer, () -> {
                cluster.bootstrap(node, request);
                return BootstrapResponse.getDefaultInstance();
            });
        }

        @Override
        public void applySettings(ApplySettingsRequest request, StreamObserver<ApplySettingsResponse> answer) {
            reply(answer, () -> {
                cluster.applySettings(node, request);
                return ApplySettingsResponse.newBuilder()
                        .setGeneration(request.getGeneration())
                        .build();
            });
        }

        @Override
        public void transferLeadership(
                TransferLeadershipRequest request, StreamObserver<TransferLeadershipResponse> answer) {
            reply(answer, () -> {
                cluster.transfer(node, request.getTargetNodeId());
                return TransferLeadershipResponse.getDefaultInstance();
            });
        }

        @Override
        public void changeVoters(ChangeVotersRequest request, StreamObserver<ChangeVotersResponse> answer) {
            reply(
                    answer,
                    () -> ChangeVotersResponse.newBuilder()
                            .setConfigId(cluster.changeVoters(node, request))
                            .build());
        }
    }

    static <T> void reply(StreamObserver<T> answer, Supplier<T> result) {
        try {
            answer.onNext(result.get());
            answer.onCompleted();
        } catch (IllegalStateException e) {
            answer.onError(
                    Status.FAILED_PRECONDITION.withDescription(e.getMessage()).asRuntimeException());
        }
    }
}
