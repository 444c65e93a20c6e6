package io.taffrail.service.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Empty;
import io.grpc.Status;
import io.taffrail.proto.log.Error;
import io.taffrail.proto.log.ErrorCode;
import io.taffrail.service.LocalServer;
import io.taffrail.service.RawConnection;
import io.taffrail.service.RunningReplica;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.util.Base64;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Calls that end by themselves, on what the client sent or on what the server cannot do.
class RpcCallTest {
    private static final String LISTENS = "Listens";
    private static final String BREAKS = "Breaks";
    private static final String ANSWERS_ELSEWHERE = "AnswersElsewhere";

    private final Vertx vertx = Vertx.vertx();
    private final MemoryBudget budget = new MemoryBudget(64 << 10);
    private final RpcServer server = LocalServer.of(vertx, LocalServer.LIMITS, budget);
    private final AtomicInteger accepted = new AtomicInteger();
    private final AtomicInteger closed = new AtomicInteger();

    private String address = "";

    private final class Listener implements RpcListener {
        private final RpcCall call;
        private final boolean breaks;

        Listener(RpcCall call, boolean breaks) {
            this.call = call;
            this.breaks = breaks;
            accepted.incrementAndGet();
        }

        @Override
        public void message(byte[] array, int offset, int length) {
            if (breaks) {
                throw new IllegalStateException("broken");
            }
        }

        @Override
        public void halfClosed() {
            call.end(RpcStatus.OK);
        }

        @Override
        public void closed() {
            closed.incrementAndGet();
        }

        @Override
        public void deadlineExceeded() {
            call.end(RpcStatus.of(Status.Code.DEADLINE_EXCEEDED, "the deadline is over"));
        }

        @Override
        public void writable() {}
    }

    @BeforeEach
    void listen() {
        server.method(LISTENS, call -> new Listener(call, false))
                .method(BREAKS, call -> new Listener(call, true))
                .method(
                        ANSWERS_ELSEWHERE,
                        UnaryCall.method(
                                Empty.parser(),
                                (request, call) -> Thread.ofVirtual()
                                        .start(() -> call.guarded(() -> {
                                            throw new IllegalStateException("broken");
                                        }))));
        address = "127.0.0.1:" + LocalServer.listen(server, 1);
    }

    @AfterEach
    void close() {
        LocalServer.close(vertx);
    }

    private void endsWith(Status.Code code, String method, Buffer body) {
        var before = closed.get();
        try (var raw = new RawConnection(address)) {
            assertEquals(String.valueOf(code.value()), raw.status(method, body));
        }
        RunningReplica.await("the listener hears of it", () -> closed.get() > before);
        assertEquals(accepted.get(), closed.get(), "once each");
    }

    private static Buffer message() {
        return RawConnection.frame(new byte[10]);
    }

    @Test
    void theListenerHearsOfEveryEndOnce() {
        endsWith(Status.Code.OK, LISTENS, message());
        endsWith(Status.Code.INTERNAL, BREAKS, message());
        var strayByte = message().appendByte((byte) 0);
        endsWith(Status.Code.INVALID_ARGUMENT, LISTENS, strayByte);
        var compressed = message().appendByte((byte) 1).appendInt(0);
        endsWith(Status.Code.UNIMPLEMENTED, LISTENS, compressed);
        var tooLarge = message().appendByte((byte) 0).appendInt(Integer.MAX_VALUE);
        endsWith(Status.Code.RESOURCE_EXHAUSTED, LISTENS, tooLarge);
        budget.hold(budget.limitBytes());
        var moreThanThereIsMemoryFor =
                message().appendByte((byte) 0).appendInt(1 << 20).appendByte((byte) 0);
        endsWith(Status.Code.RESOURCE_EXHAUSTED, LISTENS, moreThanThereIsMemoryFor);
    }

    @Test
    void theListenerHearsOfAResetAndOfALostConnection() {
        try (var raw = new RawConnection(address)) {
            var reset = raw.call(LISTENS);
            RawConnection.await(reset.sendHead().toCompletionStage());
            RunningReplica.await("the call is taken", () -> accepted.get() == 1);
            reset.reset();
            RunningReplica.await("the listener hears of the reset", () -> closed.get() == 1);
            RawConnection.await(raw.call(LISTENS).sendHead().toCompletionStage());
            RunningReplica.await("the call is taken", () -> accepted.get() == 2);
        }
        RunningReplica.await("the listener hears of the end of the connection", () -> closed.get() == 2);
    }

    @Test
    void whatAHalfReceivedMessageGivesBackWakesWhoWaitsForMemory() {
        var woken = new AtomicBoolean();
        try (var raw = new RawConnection(address)) {
            var call = raw.call(LISTENS);
            var partial =
                    Buffer.buffer().appendByte((byte) 0).appendInt(32 << 10).appendBytes(new byte[16 << 10]);
            RawConnection.await(call.write(partial).toCompletionStage());
            RunningReplica.await("half a message is held", () -> budget.heldBytes() >= 16 << 10);
            budget.hold(budget.limitBytes() - (8 << 10));
            budget.whenRoom(() -> woken.set(true));
            assertFalse(woken.get());
            call.reset();
            RunningReplica.await("the other goes on", woken::get);
        }
    }

    @Test
    void aMessageThatIsTooLargeIsComparedWithWhatItsMethodTakes() throws Exception {
        try (var raw = new RawConnection(address)) {
            var call = raw.call(LISTENS);
            var response = RawConnection.await(
                    call.send(Buffer.buffer().appendByte((byte) 0).appendInt((1 << 20) + 1))
                            .toCompletionStage());
            var message = String.valueOf(response.getHeader("grpc-message"));
            assertTrue(message.contains("1048577 bytes") && message.contains("1048576 are allowed"), message);
            var error = Error.parseFrom(Base64.getDecoder().decode(response.getHeader(RpcStatus.ERROR_TRAILER)));
            assertEquals(ErrorCode.ERROR_CODE_TOO_LARGE, error.getCode());
            assertEquals(1 << 20, error.getMostBytes());
            assertFalse(error.getRetryable());
        }
    }

    @Test
    void anAnswerThatFailsOnAnotherThreadIsARefusal() {
        try (var raw = new RawConnection(address)) {
            assertEquals(
                    String.valueOf(Status.Code.INTERNAL.value()),
                    raw.status(ANSWERS_ELSEWHERE, RawConnection.frame(new byte[0])));
        }
    }
}
