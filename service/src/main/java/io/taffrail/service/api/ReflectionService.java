package io.taffrail.service.api;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.Status;
import io.grpc.health.v1.HealthProto;
import io.grpc.reflection.v1.ErrorResponse;
import io.grpc.reflection.v1.FileDescriptorResponse;
import io.grpc.reflection.v1.ListServiceResponse;
import io.grpc.reflection.v1.ServerReflectionProto;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.taffrail.proto.control.ControlProto;
import io.taffrail.proto.log.LogProto;
import io.taffrail.service.rpc.FrameBuffer;
import io.taffrail.service.rpc.RpcCall;
import io.taffrail.service.rpc.RpcListener;
import io.taffrail.service.rpc.RpcServer;
import io.taffrail.service.rpc.RpcStatus;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Server reflection, so that grpcurl and its like need no .proto files. v1 and v1alpha have the same bytes, so one
/// class answers both. grpc-services' own wants a grpc-java server to ask.
final class ReflectionService {
    private static final List<FileDescriptor> SERVED = List.of(
            LogProto.getDescriptor(),
            ControlProto.getDescriptor(),
            HealthProto.getDescriptor(),
            ServerReflectionProto.getDescriptor());

    private final Map<String, FileDescriptor> files = new LinkedHashMap<>();
    private final Map<String, FileDescriptor> symbols = new LinkedHashMap<>();

    ReflectionService() {
        SERVED.forEach(this::add);
    }

    private void add(FileDescriptor file) {
        if (files.put(file.getName(), file) != null) {
            return;
        }
        file.getDependencies().forEach(this::add);
        for (var service : file.getServices()) {
            symbols.put(service.getFullName(), file);
            service.getMethods().forEach(method -> symbols.put(method.getFullName(), file));
        }
        file.getMessageTypes().forEach(message -> symbols.put(message.getFullName(), file));
        file.getEnumTypes().forEach(type -> symbols.put(type.getFullName(), file));
    }

    void register(RpcServer server) {
        server.method("grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Session::new);
        server.method("grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Session::new);
    }

    private ServerReflectionResponse answer(ServerReflectionRequest request) {
        var response = ServerReflectionResponse.newBuilder()
                .setValidHost(request.getHost())
                .setOriginalRequest(request);
        switch (request.getMessageRequestCase()) {
            case LIST_SERVICES -> {
                var services = ListServiceResponse.newBuilder();
                for (var file : SERVED) {
                    for (var service : file.getServices()) {
                        services.addService(ServiceResponse.newBuilder().setName(service.getFullName()));
                    }
                }
                response.setListServicesResponse(services);
            }
            case FILE_BY_FILENAME ->
                file(response, files.get(request.getFileByFilename()), request.getFileByFilename());
            case FILE_CONTAINING_SYMBOL ->
                file(response, symbols.get(request.getFileContainingSymbol()), request.getFileContainingSymbol());
            default -> error(response, Status.Code.UNIMPLEMENTED, "this reflection request is not supported");
        }
        return response.build();
    }

    private static void file(ServerReflectionResponse.Builder response, @Nullable FileDescriptor file, String wanted) {
        if (file == null) {
            error(response, Status.Code.NOT_FOUND, "\"" + wanted + "\" is not known");
            return;
        }
        var found = FileDescriptorResponse.newBuilder();
        withDependencies(file, new LinkedHashMap<>()).forEach(found::addFileDescriptorProto);
        response.setFileDescriptorResponse(found);
    }

    private static Iterable<ByteString> withDependencies(FileDescriptor file, Map<String, ByteString> found) {
        if (found.put(file.getName(), file.toProto().toByteString()) == null) {
            file.getDependencies().forEach(dependency -> withDependencies(dependency, found));
        }
        return found.values();
    }

    private static void error(ServerReflectionResponse.Builder response, Status.Code code, String message) {
        response.setErrorResponse(
                ErrorResponse.newBuilder().setErrorCode(code.value()).setErrorMessage(message));
    }

    private final class Session implements RpcListener {
        private final RpcCall call;
        private boolean waitsForReader;

        Session(RpcCall call) {
            this.call = call;
        }

        @Override
        public void message(byte[] array, int offset, int length) {
            try {
                var request = ServerReflectionRequest.parseFrom(ByteBuffer.wrap(array, offset, length));
                var frames = new FrameBuffer();
                frames.message(answer(request).toByteArray());
                call.write(frames);
            } catch (InvalidProtocolBufferException malformed) {
                call.end(GrpcStatusMapping.invalid("the request cannot be parsed: " + malformed.getMessage()));
                return;
            }
            // One answer of some kilobytes a request: a client that does not read is not read from.
            if (!call.closed() && !call.writable()) {
                waitsForReader = true;
                call.pause();
            }
        }

        @Override
        public void writable() {
            if (waitsForReader) {
                waitsForReader = false;
                call.resume();
            }
        }

        @Override
        public void halfClosed() {
            call.end(RpcStatus.OK);
        }

        @Override
        public void closed() {}

        @Override
        public void deadlineExceeded() {
            call.end(RpcStatus.of(Status.Code.DEADLINE_EXCEEDED, "the deadline is over"));
        }
    }
}
