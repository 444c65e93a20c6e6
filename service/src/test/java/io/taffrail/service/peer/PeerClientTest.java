package io.taffrail.service.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.service.LocalServer;
import io.taffrail.service.RunningReplica;
import io.taffrail.service.rpc.MemoryBudget;
import io.taffrail.service.rpc.RpcListener;
import io.taffrail.service.rpc.RpcServer;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A connection whose packets get lost without a word, as in a partition, one that is slow, and one that leads to a
/// process that is over.
class PeerClientTest {
    private static final long SILENCE_MILLIS = 1_000;
    private static final int FRAME_BYTES = 128 << 10;
    /// More than the windows and the kernel hold.
    private static final int MANY_FRAMES = 96;
    /// A full window takes it longer than the longest silence, and what opens it a part of that.
    private static final int SLOW_BYTES_PER_SECOND = 2 << 20;

    private final Vertx vertx = Vertx.vertx();
    private final RpcServer server =
            LocalServer.of(vertx, LocalServer.LIMITS.forPeers(), new MemoryBudget(Long.MAX_VALUE));
    private final AtomicInteger calls = new AtomicInteger();
    /// Number of the last call that a message came on.
    private final AtomicInteger heardOn = new AtomicInteger();
    /// Bytes of the messages that came.
    private final AtomicLong heardBytes = new AtomicLong();
    private final PeerCalls peerCalls = new PeerCalls(nodeId -> null);
    /// Who answers calls that begin now; null: somebody who does not say.
    private volatile @Nullable PeerIdentity answers;
    PeerClient client = new PeerClient(vertx, 1, null, () -> null, peerCalls, SILENCE_MILLIS);
    Wire wire = new Wire(0);

    /// Copies bytes between the client and the server, until it loses them.
    static final class Wire implements AutoCloseable {
        private final ServerSocket front;
        private final int target;
        private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
        private volatile boolean loses;
        /// From the client to the server; 0: as fast as it goes.
        private volatile int bytesPerSecond;
        private volatile boolean lostSomething;
        private final AtomicInteger connections = new AtomicInteger();

        Wire(int target) {
            this.target = target;
            try {
                front = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            } catch (IOException none) {
                throw new UncheckedIOException(none);
            }
            Thread.ofVirtual().start(this::accept);
        }

        String address() {
            return "127.0.0.1:" + front.getLocalPort();
        }

        private void accept() {
            while (!front.isClosed()) {
                try {
                    var near = front.accept();
                    connections.incrementAndGet();
                    var far = new Socket(InetAddress.getLoopbackAddress(), target);
                    sockets.add(near);
                    sockets.add(far);
                    // A connection that has lost something never gets over it.
                    var lost = new boolean[1];
                    Thread.ofVirtual().start(() -> copy(near, far, lost, true));
                    Thread.ofVirtual().start(() -> copy(far, near, lost, false));
                } catch (IOException ended) {
                    return;
                }
            }
        }

        private void copy(Socket from, Socket to, boolean[] lost, boolean maySlow) {
            try {
                var chunk = new byte[1 << 16];
                for (var read = from.getInputStream().read(chunk);
                        read >= 0;
                        read = from.getInputStream().read(chunk)) {
                    synchronized (lost) {
                        lost[0] |= loses;
                        if (lost[0]) {
                            lostSomething = true;
                        } else {
                            to.getOutputStream().write(chunk, 0, read);
                        }
                    }
                    var rate = bytesPerSecond;
                    if (maySlow && rate > 0) {
                        Thread.sleep(1_000L * read / rate);
                    }
                }
            } catch (IOException ended) {
                // Whoever closed it knows.
            } catch (InterruptedException ends) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void close() throws IOException {
            front.close();
            for (var socket : sockets) {
                socket.close();
            }
        }
    }

    @BeforeEach
    void listen() throws Exception {
        server.bulkMethod(PeerProtocol.METHOD, call -> {
            var number = calls.incrementAndGet();
            var identity = answers;
            if (identity != null) {
                call.answerHeader(
                        PeerProtocol.STORAGE_ID_HEADER, identity.storageId().toString());
                call.answerHeader(PeerProtocol.INCARNATION_HEADER, Long.toString(identity.incarnation()));
            }
            call.sendHeaders();
            return new RpcListener() {
                @Override
                public void message(byte[] array, int offset, int length) {
                    heardOn.accumulateAndGet(number, Math::max);
                    heardBytes.addAndGet(length);
                }

                @Override
                public void halfClosed() {}

                @Override
                public void closed() {}

                @Override
                public void deadlineExceeded() {}

                @Override
                public void writable() {}
            };
        });
        wire.close();
        wire = new Wire(LocalServer.listen(server, 1));
    }

    @AfterEach
    void close() throws Exception {
        client.close();
        wire.close();
        LocalServer.close(vertx);
    }

    private void send() {
        client.send(2, ByteBuffer.wrap(new byte[] {1, 2, 3}));
    }

    /// A frame of an earlier call may still be on its way: what counts is the call that one came on.
    private void awaitMessageOnCall(int number) {
        RunningReplica.await("a frame arrives on call " + number, () -> {
            send();
            return heardOn.get() >= number;
        });
    }

    /// It is called in a turn of the replica, which ends the process with what it throws.
    @Test
    void anAddressThatCannotBeUsedIsNoReasonToThrow() {
        for (var address : List.of("", "h", "h:abc", "h:9091091091", ":1")) {
            client.locate(2, address);
            client.send(2, ByteBuffer.wrap(new byte[] {1}));
        }
        client.locate(2, wire.address());
        awaitMessageOnCall(1);
    }

    @Test
    void aConnectionThatGivesNoSignOfLifeIsMadeAgain() {
        client.locate(2, wire.address());
        awaitMessageOnCall(1);
        assertEquals(1, calls.get());
        wire.loses = true;
        send();
        RunningReplica.await("something is lost, and with it the connection", () -> wire.lostSomething);
        wire.loses = false;
        awaitMessageOnCall(2);
        assertEquals(2, calls.get());
    }

    @Test
    void aConnectionOnWhichNothingWasEverHeardIsMadeAgain() {
        wire.loses = true;
        client.locate(2, wire.address());
        RunningReplica.await("the first bytes are lost, and with them the connection", () -> wire.lostSomething);
        wire.loses = false;
        awaitMessageOnCall(1);
        assertEquals(2, wire.connections.get());
    }

    @Test
    void aSlowConnectionWhoseWindowIsFullIsKept() {
        wire.bytesPerSecond = SLOW_BYTES_PER_SECOND;
        client.locate(2, wire.address());
        awaitMessageOnCall(1);
        for (var i = 0; i < MANY_FRAMES; i++) {
            client.send(2, ByteBuffer.allocate(FRAME_BYTES));
        }
        RunningReplica.await(
                "all frames arrive, or the connection is made again",
                () -> heardBytes.get() >= (long) MANY_FRAMES * FRAME_BYTES || calls.get() > 1);
        assertEquals(1, calls.get());
    }

    @Test
    void aConnectionThatAPredecessorAnswersIsMadeAnewWhenItsSuccessorCalls() {
        var volume = new UUID(1, 1);
        answers = new PeerIdentity(volume, 3);
        client.locate(2, wire.address());
        awaitMessageOnCall(1);
        assertNull(peerCalls.take(2, new PeerCallsTest.Call(volume, 4)));
        RunningReplica.await("the predecessor is left, and found again", () -> calls.get() >= 3);
        assertTrue(wire.connections.get() >= 3, "another connection each: the one that is there leads nowhere else");
        assertEquals(1, heardOn.get(), "nothing is sent to a predecessor");
        answers = new PeerIdentity(volume, 4);
        awaitMessageOnCall(2);
        var last = calls.get();
        assertNull(peerCalls.take(2, new PeerCallsTest.Call(volume, 4)));
        awaitMessageOnCall(last);
        assertEquals(last, calls.get(), "the successor's own connection stays");
    }
}
