package io.taffrail.service.api;

import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.taffrail.proto.control.ControlGrpc;
import io.taffrail.proto.log.LogGrpc;
import io.taffrail.service.rpc.FrameBuffer;
import io.taffrail.service.rpc.OneRequest;
import io.taffrail.service.rpc.RpcCall;
import io.taffrail.service.rpc.RpcListener;
import io.taffrail.service.rpc.RpcServer;
import io.taffrail.service.rpc.RpcStatus;
import io.taffrail.service.rpc.UnaryCall;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// `grpc.health.v1`, which says what readiness says.
final class HealthService {
    private static final String SERVICE = HealthGrpc.SERVICE_NAME + "/";
    private static final Set<String> KNOWN = Set.of("", LogGrpc.SERVICE_NAME, ControlGrpc.SERVICE_NAME);
    private static final long WATCH_INTERVAL_MILLIS = 500;
    private static final long NO_TIMER = -1;

    private final BooleanSupplier ready;

    HealthService(BooleanSupplier ready) {
        this.ready = ready;
    }

    void register(RpcServer server) {
        server.method(SERVICE + "Check", UnaryCall.method(HealthCheckRequest.parser(), this::check));
        server.method(SERVICE + "Watch", Watch::new);
    }

    private void check(HealthCheckRequest request, UnaryCall call) {
        if (KNOWN.contains(request.getService())) {
            call.answer(HealthCheckResponse.newBuilder()
                    .setStatus(status(request.getService()))
                    .build());
        } else {
            call.refuse(RpcStatus.of(Status.Code.NOT_FOUND, "there is no service \"" + request.getService() + "\""));
        }
    }

    private ServingStatus status(String service) {
        if (!KNOWN.contains(service)) {
            return ServingStatus.SERVICE_UNKNOWN;
        }
        return service.equals(ControlGrpc.SERVICE_NAME) || ready.getAsBoolean()
                ? ServingStatus.SERVING
                : ServingStatus.NOT_SERVING;
    }

    private final class Watch implements RpcListener {
        private final RpcCall call;
        private final OneRequest<HealthCheckRequest> one;
        private long timer = NO_TIMER;
        private @Nullable ServingStatus told;

        Watch(RpcCall call) {
            this.call = call;
            this.one = new OneRequest<>(call, HealthCheckRequest.parser());
        }

        @Override
        public void message(byte[] array, int offset, int length) {
            var request = one.take(array, offset, length);
            if (request == null) {
                return;
            }
            tell(request.getService());
            if (!call.closed()) {
                timer = call.vertx().setPeriodic(WATCH_INTERVAL_MILLIS, tick -> tell(request.getService()));
            }
        }

        private void tell(String service) {
            var now = status(service);
            if (now == told || !call.writable()) {
                return;
            }
            told = now;
            var frames = new FrameBuffer();
            frames.message(
                    HealthCheckResponse.newBuilder().setStatus(now).build().toByteArray());
            call.write(frames);
        }

        @Override
        public void halfClosed() {
            one.halfClosed();
        }

        @Override
        public void closed() {
            if (timer != NO_TIMER) {
                call.vertx().cancelTimer(timer);
                timer = NO_TIMER;
            }
        }

        @Override
        public void deadlineExceeded() {
            call.end(RpcStatus.of(Status.Code.DEADLINE_EXCEEDED, "the deadline is over"));
        }

        @Override
        public void writable() {}
    }
}
