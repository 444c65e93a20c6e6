package io.taffrail.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.grpc.Status;
import io.taffrail.service.accept.PortLimit;
import io.taffrail.service.rpc.AnswerBudget;
import io.taffrail.service.rpc.IgnoringListener;
import io.taffrail.service.rpc.MemoryBudget;
import io.taffrail.service.rpc.RpcServer;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A port with four places, and more who want one.
class ConnectionLimitTest {
    private static final int PLACES = 4;
    private static final String HOLD = "test.Test/Hold";
    private static final String NO_METHOD = "test.Test/NoMethod";
    private static final int GLANCE_MILLIS = 10;
    private static final int BURST = 300;

    private final Vertx vertx = Vertx.vertx();
    private final PortLimit limit = new PortLimit(PLACES, "a test");
    private final RpcServer server = new RpcServer(
            vertx, LocalServer.LIMITS, new MemoryBudget(Long.MAX_VALUE), new AnswerBudget(Long.MAX_VALUE), limit);
    private final AtomicInteger held = new AtomicInteger();
    private final List<RawConnection> connections = new ArrayList<>();
    private final List<Socket> sockets = new ArrayList<>();
    private int port;

    @BeforeEach
    void listen() {
        server.method(HOLD, call -> {
            held.incrementAndGet();
            call.sendHeaders();
            return IgnoringListener.INSTANCE;
        });
        port = LocalServer.listen(server, 2);
    }

    @AfterEach
    void close() throws Exception {
        connections.forEach(RawConnection::close);
        for (var socket : sockets) {
            socket.close();
        }
        LocalServer.close(vertx);
    }

    private Socket silent() throws IOException {
        var socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(GLANCE_MILLIS);
        sockets.add(socket);
        return socket;
    }

    private static boolean isClosed(Socket socket) {
        try {
            return socket.getInputStream().read() < 0;
        } catch (SocketTimeoutException open) {
            return false;
        } catch (IOException reset) {
            return true;
        }
    }

    private static void awaitClosed(Socket socket) {
        RunningReplica.await("the server closes the connection", () -> isClosed(socket));
    }

    private RawConnection connect() {
        var connection = new RawConnection("127.0.0.1:" + port);
        connections.add(connection);
        return connection;
    }

    private HttpClientRequest hold() {
        var before = held.get();
        var call = connect().call(HOLD);
        RawConnection.await(call.sendHead().toCompletionStage());
        RunningReplica.await("the call is open", () -> held.get() > before);
        return call;
    }

    private static void call(RawConnection connection) {
        assertEquals(String.valueOf(Status.Code.UNIMPLEMENTED.value()), connection.status(NO_METHOD, Buffer.buffer()));
    }

    @Test
    void whoSaysNothingGivesWayTheOldestFirst() throws Exception {
        for (var i = 0; i < PLACES; i++) {
            silent();
        }
        call(connect());
        silent();
        awaitClosed(sockets.get(0));
        awaitClosed(sockets.get(1));
        RunningReplica.await("as many as may be are open", () -> limit.open() == PLACES);
        for (var younger : sockets.subList(2, sockets.size())) {
            assertFalse(isClosed(younger));
        }
        assertEquals(2, limit.displaced());
        assertEquals(0, limit.refused());
        call(connections.getFirst());
    }

    @Test
    void aBurstLeavesNoMoreOpenThanMayBe() throws Exception {
        for (var i = 0; i < BURST; i++) {
            silent();
        }
        RunningReplica.await("all others are closed", () -> openSockets() == PLACES);
        RunningReplica.await("and count no more", () -> limit.open() == PLACES);
        assertEquals(BURST - PLACES, limit.displaced() + limit.refused());
        call(connect());
    }

    private long openSockets() {
        return sockets.stream().filter(socket -> !isClosed(socket)).count();
    }

    @Test
    void oneThatHasACallKeepsItsPlaceAndTheNewOneIsClosed() throws Exception {
        var ended = new AtomicInteger();
        for (var i = 0; i < PLACES; i++) {
            hold().connection().closeHandler(closed -> ended.incrementAndGet());
        }
        for (var i = 1; i <= 10; i++) {
            awaitClosed(silent());
            assertEquals(i, limit.refused());
        }
        assertEquals(0, ended.get());
        assertEquals(0, limit.displaced());
        connections.removeFirst().close();
        RunningReplica.await("a place is free", () -> limit.open() < PLACES);
        call(connect());
        assertEquals(10, limit.refused());
    }

    @Test
    void oneWhoseCallsHaveEndedGivesWayTheOldestFirst() {
        var closed = new AtomicInteger();
        var oldest = connect();
        oldest.connection(oldest.call(NO_METHOD)).closeHandler(gone -> closed.incrementAndGet());
        call(oldest);
        for (var i = 1; i < PLACES; i++) {
            call(connect());
        }
        hold();
        RunningReplica.await("the oldest is closed", () -> closed.get() == 1);
        // The others were not.
        for (var other : connections.subList(1, PLACES)) {
            call(other);
        }
        assertEquals(1, limit.displaced());
        call(connect());
        assertEquals(2, limit.displaced());
        assertEquals(0, limit.refused());
    }
}
