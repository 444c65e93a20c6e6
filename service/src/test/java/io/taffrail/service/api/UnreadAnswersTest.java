package io.taffrail.service.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.taffrail.proto.log.AppendRequest;
import io.taffrail.proto.log.CreateStreamRequest;
import io.taffrail.proto.log.DescribeStreamRequest;
import io.taffrail.proto.log.Edge;
import io.taffrail.proto.log.ErrorCode;
import io.taffrail.proto.log.ReadRequest;
import io.taffrail.proto.log.Record;
import io.taffrail.proto.log.StreamConfig;
import io.taffrail.proto.log.UpdateStreamRequest;
import io.taffrail.proto.log.WhoLeadsRequest;
import io.taffrail.service.DataDirectory;
import io.taffrail.service.LocalServer;
import io.taffrail.service.RawConnection;
import io.taffrail.service.RunningReplica;
import io.taffrail.service.ServiceClient;
import io.taffrail.service.host.ReplicaHost;
import io.taffrail.service.rpc.AnswerBudget;
import io.taffrail.service.rpc.MemoryBudget;
import io.taffrail.service.rpc.RpcLimits;
import io.taffrail.service.telemetry.ProcessInfo;
import io.taffrail.service.telemetry.TrafficMetrics;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.StreamResetException;
import io.vertx.core.net.impl.ConnectionBase;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Consumers that do not read, until what they are sent is all that there is memory for.
@QuarkusTest
@QuarkusTestResource(value = DataDirectory.class, restrictToAnnotatedClass = true)
class UnreadAnswersTest {
    private static final String READ = "taffrail.log.v1.Log/Read";
    private static final String STREAM = "unread";
    private static final int BUDGET_BYTES = 1 << 20;
    private static final int RESPONSE_BYTES = 64 << 10;
    private static final int RECORD_BYTES = 60_000;
    private static final int RECORDS = 40;
    /// Each may hold a response, whatever the others do, and they are more than the budget.
    private static final int CONNECTIONS = BUDGET_BYTES / RESPONSE_BYTES;

    private static final int CALLS = 4;
    private static final int WIDE_WINDOW = 64 << 20;

    private static final long SELDOM_MILLIS = 3_600_000;
    private static final long OFTEN_MILLIS = 200;

    @Inject
    ReplicaHost host;

    private final Vertx vertx = Vertx.vertx();
    private final AnswerBudget answers = new AnswerBudget(BUDGET_BYTES);
    private final ExecutorService readThreads = Executors.newFixedThreadPool(4);
    private final List<RawConnection> connections = new ArrayList<>();
    private String address = "";

    @BeforeEach
    void fill() {
        try (var client = RunningReplica.connect(host)) {
            client.createStream(STREAM);
            var described = client.log()
                    .describeStream(
                            DescribeStreamRequest.newBuilder().setStream(STREAM).build());
            for (var i = described.getNextOffset(); i < RECORDS; i++) {
                client.log().append(record("x".repeat(RECORD_BYTES)));
            }
        }
    }

    @AfterEach
    void close() {
        connections.forEach(RawConnection::close);
        LocalServer.close(vertx);
        readThreads.shutdownNow();
    }

    private static AppendRequest record(String value) {
        return AppendRequest.newBuilder()
                .setStream(STREAM)
                .addRecords(Record.newBuilder().setValue(ByteString.copyFromUtf8(value)))
                .build();
    }

    private void listen(long unreadMillis) {
        var usual = LocalServer.LIMITS;
        var limits = new RpcLimits(
                usual.messageBytes(),
                usual.partialMessageMillis(),
                usual.headerBytes(),
                usual.callsPerConnection(),
                usual.idleMillis(),
                usual.pingMillis(),
                usual.pingsPerWindow(),
                usual.streamWindowBytes(),
                usual.connectionWindowBytes(),
                usual.windowUpdateRatio(),
                usual.windowsBytes(),
                usual.frameBytes(),
                usual.inFlightBytes(),
                usual.inFlightCount(),
                usual.memoryBytes(),
                BUDGET_BYTES,
                unreadMillis);
        var server = LocalServer.of(vertx, limits, new MemoryBudget(Long.MAX_VALUE), answers);
        new LogEndpoint(
                        host,
                        new ProcessInfo("test", false),
                        new TrafficMetrics(new SimpleMeterRegistry()),
                        new AppendLimits(8 << 20, 100_000, 4 << 20),
                        RESPONSE_BYTES,
                        10 * CONNECTIONS * CALLS,
                        readThreads)
                .register(server);
        address = "127.0.0.1:" + LocalServer.listen(server, 2);
    }

    private static Buffer readAll() {
        return RawConnection.frame(ReadRequest.newBuilder()
                .setStream(STREAM)
                .setEdge(Edge.EDGE_EARLIEST)
                .setMaxRecords(RECORDS)
                .build()
                .toByteArray());
    }

    /// How many records there are, by a client that takes what comes.
    private static int readAll(ServiceClient client) {
        var count = 0;
        var responses = client.log()
                .read(ReadRequest.newBuilder()
                        .setStream(STREAM)
                        .setEdge(Edge.EDGE_EARLIEST)
                        .setMaxRecords(RECORDS)
                        .build());
        while (responses.hasNext()) {
            for (var batch : responses.next().getBatchesList()) {
                count += batch.getRecordCount();
            }
        }
        return count;
    }

    /// On a connection of their own whose window is wide, while those of its calls are not.
    private List<HttpClientRequest> calls(int count) {
        var connection = new RawConnection(address);
        connections.add(connection);
        var calls =
                IntStream.range(0, count).mapToObj(i -> connection.call(READ)).toList();
        widen(calls.getFirst().connection());
        return calls;
    }

    private static void consume(HttpClientRequest call, Consumer<HttpClientResponse> paused) {
        call.response().onSuccess(response -> paused.accept(response.pause()));
        RawConnection.await(call.end(readAll()).toCompletionStage());
    }

    private void fillTheBudget(Consumer<HttpClientResponse> paused) {
        for (var i = 0; i < CONNECTIONS; i++) {
            calls(CALLS).forEach(call -> consume(call, paused));
        }
        RunningReplica.await("reads have no room any more", () -> answers.heldBytes() > 3 * BUDGET_BYTES / 4);
    }

    private static void widen(HttpConnection connection) {
        onItsEventLoop(connection, () -> connection.setWindowSize(WIDE_WINDOW));
    }

    private static void onItsEventLoop(HttpConnection connection, Runnable task) {
        var done = new CompletableFuture<Boolean>();
        ((ConnectionBase) connection).getContext().runOnContext(_ -> {
            task.run();
            done.complete(true);
        });
        RawConnection.await(done);
    }

    @Test
    void unreadResponsesAreBoundedAndOtherCallsGoOn() {
        listen(SELDOM_MILLIS);
        var consumers = new ConcurrentLinkedQueue<HttpClientResponse>();
        var ended = new AtomicInteger();
        fillTheBudget(consumers::add);
        try (var client = new ServiceClient(address)) {
            var mostBytes = 3 * BUDGET_BYTES / 4 + RESPONSE_BYTES + (16 << 10);
            for (var i = 0; i < 20; i++) {
                assertTrue(answers.heldBytes() <= mostBytes, answers.heldBytes() + " bytes");
                client.log().append(record("acknowledged all the same"));
            }
            assertTrue(
                    client.log().whoLeads(WhoLeadsRequest.getDefaultInstance()).hasLeader());
            assertTrue(answers.heldBytes() <= mostBytes, answers.heldBytes() + " bytes");
        }
        // What one leaves room for is for the next, and so on.
        RunningReplica.await("all have read to the end", () -> {
            for (var response = consumers.poll(); response != null; response = consumers.poll()) {
                var _ = response.endHandler(_ -> ended.incrementAndGet()).resume();
            }
            return ended.get() == CONNECTIONS * CALLS;
        });
        RunningReplica.await("nothing is held", () -> answers.heldBytes() == 0);
    }

    /// Nobody is ended for it.
    @Test
    void aConnectionThatReadsNothingLeavesRoomToAnother() {
        listen(SELDOM_MILLIS);
        calls(CONNECTIONS * CALLS).forEach(call -> consume(call, response -> {}));
        RunningReplica.await("its reads are held", () -> answers.heldBytes() > 2 * RESPONSE_BYTES);
        try (var client = new ServiceClient(address)) {
            assertEquals(RECORDS, readAll(client));
        }
        assertTrue(answers.heldBytes() <= BUDGET_BYTES / 2, answers.heldBytes() + " bytes");
    }

    @Test
    void aLargeAnswerThatHasNoRoomIsRefusedAndASmallOneIsNot() {
        listen(SELDOM_MILLIS);
        var labels = StreamConfig.newBuilder();
        for (var i = 0; i < 60; i++) {
            labels.putLabels("label-" + i, "x".repeat(1 << 10));
        }
        try (var client = new ServiceClient(address)) {
            client.log()
                    .createStream(CreateStreamRequest.newBuilder()
                            .setStream("labelled")
                            .setConfig(labels)
                            .setIfNotExists(true)
                            .build());
            fillTheBudget(response -> {});
            var describe =
                    DescribeStreamRequest.newBuilder().setStream("labelled").build();
            var refused = assertThrows(
                    StatusRuntimeException.class, () -> client.log().describeStream(describe));
            assertEquals(Status.Code.RESOURCE_EXHAUSTED, refused.getStatus().getCode());
            assertEquals(
                    ErrorCode.ERROR_CODE_QUEUE_FULL,
                    ServiceClient.error(refused).getCode());
            assertTrue(ServiceClient.error(refused).getRetryable());
            // It is done, and so not refused.
            var done = assertThrows(
                    StatusRuntimeException.class,
                    () -> client.log()
                            .updateStream(UpdateStreamRequest.newBuilder()
                                    .setStream("labelled")
                                    .setConfig(labels)
                                    .build()));
            assertEquals(
                    ErrorCode.ERROR_CODE_INDETERMINATE,
                    ServiceClient.error(done).getCode());
            client.createStream("small");
            connections.forEach(RawConnection::close);
            connections.clear();
            RunningReplica.await("nothing is held", () -> answers.heldBytes() == 0);
            assertEquals(60, client.log().describeStream(describe).getConfig().getLabelsCount());
        }
    }

    @Test
    void whoReadsNothingIsEndedWhereOthersWait() {
        listen(OFTEN_MILLIS);
        var resets = new ConcurrentLinkedQueue<Long>();
        for (var i = 0; i < CONNECTIONS; i++) {
            calls(CALLS)
                    .forEach(call -> consume(
                            call,
                            response -> response.exceptionHandler(failure -> {
                                if (failure instanceof StreamResetException reset) {
                                    resets.add(reset.getCode());
                                }
                            })));
        }
        try (var client = new ServiceClient(address)) {
            assertEquals(RECORDS, readAll(client));
        }
        RunningReplica.await("some were ended", () -> !resets.isEmpty());
        assertTrue(resets.stream().allMatch(code -> code == 0xb), resets::toString);
    }

    /// Their windows are wide, and nothing is taken from the sockets.
    @Test
    void connectionsThatTakeNoBytesAreClosedWhereOthersWait() {
        listen(OFTEN_MILLIS);
        for (var i = 0; i < CONNECTIONS; i++) {
            var calls = calls(CALLS);
            var connection = calls.getFirst().connection();
            RawConnection.await(connection
                    .updateSettings(new Http2Settings(connection.settings()).setInitialWindowSize(WIDE_WINDOW))
                    .toCompletionStage());
            onItsEventLoop(connection, () -> ((ConnectionBase) connection).doPause());
            calls.forEach(call -> consume(call, response -> {}));
        }
        try (var client = new ServiceClient(address)) {
            assertEquals(RECORDS, readAll(client));
            RunningReplica.await("nothing waits in the end", () -> answers.heldBytes() <= 3 * BUDGET_BYTES / 4);
            assertEquals(RECORDS, readAll(client));
        }
    }
}
