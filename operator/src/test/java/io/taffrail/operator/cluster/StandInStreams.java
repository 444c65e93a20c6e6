package io.taffrail.operator.cluster;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.taffrail.proto.log.CreateStreamRequest;
import io.taffrail.proto.log.DeleteStreamRequest;
import io.taffrail.proto.log.DeleteStreamResponse;
import io.taffrail.proto.log.DescribeStreamRequest;
import io.taffrail.proto.log.Error;
import io.taffrail.proto.log.ErrorCode;
import io.taffrail.proto.log.LogGrpc;
import io.taffrail.proto.log.StreamDescription;
import io.taffrail.proto.log.UpdateStreamRequest;

/// The stream calls of the log service. Any replica describes what it knows of; the rest is for whoever leads.
final class StandInStreams extends LogGrpc.LogImplBase {
    private static final Metadata.Key<byte[]> ERROR =
            Metadata.Key.of("taffrail-error-bin", Metadata.BINARY_BYTE_MARSHALLER);

    private final StandInCluster cluster;
    private final int node;

    StandInStreams(StandInCluster cluster, int node) {
        this.cluster = cluster;
        this.node = node;
    }

    @Override
    public void describeStream(DescribeStreamRequest request, StreamObserver<StreamDescription> answer) {
        if (request.getLinearizable() && !leads(answer)) {
            return;
        }
        var found = cluster.streamsKnownTo(node).get(request.getStream());
        if (found == null) {
            refuse(answer, Status.NOT_FOUND, ErrorCode.ERROR_CODE_STREAM_NOT_FOUND);
        } else {
            answer.onNext(found);
            answer.onCompleted();
        }
    }

    @Override
    public void createStream(CreateStreamRequest request, StreamObserver<StreamDescription> answer) {
        if (!leads(answer)) {
            return;
        }
        var made = StreamDescription.newBuilder()
                .setStream(request.getStream())
                .setStreamId(cluster.streams().size() + 1)
                .setConfig(request.getConfig())
                .build();
        cluster.streams().put(request.getStream(), made);
        answer.onNext(made);
        answer.onCompleted();
    }

    @Override
    public void updateStream(UpdateStreamRequest request, StreamObserver<StreamDescription> answer) {
        if (!leads(answer)) {
            return;
        }
        var made = cluster.streams()
                .computeIfPresent(
                        request.getStream(),
                        (name, found) ->
                                found.toBuilder().setConfig(request.getConfig()).build());
        answer.onNext(made == null ? StreamDescription.getDefaultInstance() : made);
        answer.onCompleted();
    }

    @Override
    public void deleteStream(DeleteStreamRequest request, StreamObserver<DeleteStreamResponse> answer) {
        if (!leads(answer)) {
            return;
        }
        cluster.streams().remove(request.getStream());
        answer.onNext(DeleteStreamResponse.getDefaultInstance());
        answer.onCompleted();
    }

    private boolean leads(StreamObserver<?> answer) {
        var leads = cluster.leader() == node;
        if (!leads) {
            refuse(answer, Status.UNAVAILABLE, ErrorCode.ERROR_CODE_NOT_LEADER);
        }
        return leads;
    }

    private static void refuse(StreamObserver<?> answer, Status status, ErrorCode code) {
        var trailers = new Metadata();
        trailers.put(ERROR, Error.newBuilder().setCode(code).build().toByteArray());
        answer.onError(status.asRuntimeException(trailers));
    }
}
