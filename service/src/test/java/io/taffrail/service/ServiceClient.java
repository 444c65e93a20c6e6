package io.taffrail.service;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.taffrail.proto.control.ControlGrpc;
import io.taffrail.proto.log.AppendRequest;
import io.taffrail.proto.log.CreateStreamRequest;
import io.taffrail.proto.log.Error;
import io.taffrail.proto.log.LogGrpc;
import io.taffrail.proto.log.Record;
import java.util.concurrent.TimeUnit;

/// A grpc-java client, as anybody's would be.
public final class ServiceClient implements AutoCloseable {
    private static final Metadata.Key<byte[]> ERROR =
            Metadata.Key.of("taffrail-error-bin", Metadata.BINARY_BYTE_MARSHALLER);
    private static final long DEADLINE_SECONDS = 180;

    private final ManagedChannel channel;

    public ServiceClient(String address) {
        channel = NettyChannelBuilder.forTarget(address)
                .usePlaintext()
                .maxInboundMessageSize(64 << 20)
                .build();
    }

    ServiceClient(ManagedChannel channel) {
        this.channel = channel;
    }

    public ManagedChannel channel() {
        return channel;
    }

    public LogGrpc.LogBlockingStub log() {
        return LogGrpc.newBlockingStub(channel).withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS);
    }

    public LogGrpc.LogStub asynchronous() {
        return LogGrpc.newStub(channel).withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS);
    }

    public ControlGrpc.ControlBlockingStub control() {
        return ControlGrpc.newBlockingStub(channel).withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS);
    }

    public void createStream(String name) {
        log().createStream(CreateStreamRequest.newBuilder()
                .setStream(name)
                .setIfNotExists(true)
                .build());
    }

    public static Record record(String value) {
        return Record.newBuilder().setValue(ByteString.copyFromUtf8(value)).build();
    }

    public static AppendRequest append(String stream, String... values) {
        var request = AppendRequest.newBuilder().setStream(stream);
        for (var value : values) {
            request.addRecords(record(value));
        }
        return request.build();
    }

    /// What the trailer says.
    public static Error error(StatusRuntimeException refused) {
        var trailers = refused.getTrailers();
        var bytes = trailers == null ? null : trailers.get(ERROR);
        if (bytes == null) {
            throw new AssertionError("no " + ERROR.name() + " in " + refused, refused);
        }
        try {
            return Error.parseFrom(bytes);
        } catch (com.google.protobuf.InvalidProtocolBufferException malformed) {
            throw new AssertionError(malformed);
        }
    }

    @Override
    public void close() {
        channel.shutdownNow();
        try {
            channel.awaitTermination(DEADLINE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
