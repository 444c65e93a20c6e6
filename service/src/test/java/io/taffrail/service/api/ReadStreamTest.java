package io.taffrail.service.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Status;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.taffrail.proto.log.Edge;
import io.taffrail.proto.log.ReadRequest;
import io.taffrail.replication.protocol.Watermarks;
import io.taffrail.service.DataDirectory;
import io.taffrail.service.LocalServer;
import io.taffrail.service.RawConnection;
import io.taffrail.service.RunningReplica;
import io.taffrail.service.host.ReplicaHost;
import io.taffrail.service.rpc.MemoryBudget;
import io.taffrail.service.telemetry.TrafficMetrics;
import io.taffrail.streams.CorruptStateException;
import io.taffrail.wal.WalException;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import jakarta.inject.Inject;
import java.util.List;
import java.util.concurrent.LinkedBlockingDeque;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Readers that leave. What they do on a read thread is done when the test says so.
@QuarkusTest
@QuarkusTestResource(value = DataDirectory.class, restrictToAnnotatedClass = true)
class ReadStreamTest {
    private static final String READ = "Read";
    private static final String DAMAGED_INDEX = "DamagedIndex";
    private static final String UNREADABLE = "Unreadable";
    /// More than the replica's turn looks through by itself, so that a read thread is asked to.
    private static final int MANY = 9;

    @Inject
    ReplicaHost host;

    private final Vertx vertx = Vertx.vertx();
    private final LinkedBlockingDeque<Runnable> onReadThreads = new LinkedBlockingDeque<>();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final FollowWakeups wakeups = new FollowWakeups(onReadThreads::add);
    private String address = "";

    @BeforeEach
    void listen() {
        try (var client = RunningReplica.connect(host)) {
            client.createStream("followed");
        }
        var desk = new ReadDesk(
                host, onReadThreads::add, new LogChunks.Pool(1), wakeups, new TrafficMetrics(registry), 64 << 10, MANY);
        var server = LocalServer.of(vertx, LocalServer.LIMITS, new MemoryBudget(Long.MAX_VALUE));
        server.method(READ, call -> new ReadStream(desk, call));
        server.method(DAMAGED_INDEX, call -> {
            var reader = new ReadStream(desk, call);
            reader.guarded(() -> {
                throw new CorruptStateException("block 1 of 0000000000000001-0.index is damaged");
            });
            return reader;
        });
        server.method(UNREADABLE, call -> {
            var reader = new ReadStream(desk, call);
            reader.guarded(() -> {
                throw new WalException.Unusable("reading at 4096: Input/output error");
            });
            return reader;
        });
        address = "127.0.0.1:" + LocalServer.listen(server, 1);
    }

    @AfterEach
    void close() {
        LocalServer.close(vertx);
    }

    private static Buffer follow() {
        return RawConnection.frame(ReadRequest.newBuilder()
                .setStream("followed")
                .setEdge(Edge.EDGE_LATEST)
                .setFollow(true)
                .build()
                .toByteArray());
    }

    private void awaitNoReaders() {
        RunningReplica.await(
                "no reader is open",
                () -> registry.get("taffrail.readers").gauge().value() == 0);
    }

    private boolean manyAreParked() {
        wakeups.advanced(Watermarks.NONE);
        return !onReadThreads.isEmpty();
    }

    @Test
    void aReaderWhoseCallTheServerEndsIsOneLess() {
        try (var raw = new RawConnection(address)) {
            for (var rest : List.of(follow(), Buffer.buffer(new byte[1]), Buffer.buffer(new byte[] {1, 0, 0, 0, 0}))) {
                var status = raw.status(READ, follow().appendBuffer(rest));
                assertTrue(
                        List.of(
                                        String.valueOf(Status.Code.INVALID_ARGUMENT.value()),
                                        String.valueOf(Status.Code.UNIMPLEMENTED.value()))
                                .contains(status),
                        status);
                awaitNoReaders();
            }
        }
    }

    @Test
    void whatADiskLostIsDataLossAndNoFailureOfTheServer() {
        var dataLoss = String.valueOf(Status.Code.DATA_LOSS.value());
        try (var raw = new RawConnection(address)) {
            assertEquals(dataLoss, raw.status(DAMAGED_INDEX, follow()));
            assertEquals(dataLoss, raw.status(UNREADABLE, follow()));
        }
        awaitNoReaders();
    }

    @Test
    void aFollowerThatIsParkedLeavesWithItsCall() {
        try (var raw = new RawConnection(address)) {
            for (var i = 0; i < MANY; i++) {
                var call = raw.call(READ);
                RawConnection.await(call.write(follow()).toCompletionStage());
                RunningReplica.await("the read begins", () -> !onReadThreads.isEmpty());
                onReadThreads.remove().run();
            }
            assertTrue(manyAreParked());
            onReadThreads.clear();
        }
        awaitNoReaders();
        onReadThreads.forEach(Runnable::run);
        onReadThreads.clear();
        assertFalse(manyAreParked());
    }

    /// Its step on the read thread comes late.
    @Test
    void aFollowerWhoseCallIsOverIsNotParked() {
        try (var raw = new RawConnection(address)) {
            for (var i = 1; i <= MANY; i++) {
                var call = raw.call(READ);
                RawConnection.await(call.write(follow()).toCompletionStage());
                var begun = i;
                RunningReplica.await("the read begins", () -> onReadThreads.size() == begun);
            }
        }
        awaitNoReaders();
        while (!onReadThreads.isEmpty()) {
            onReadThreads.removeLast().run();
        }
        assertFalse(manyAreParked());
    }
}
