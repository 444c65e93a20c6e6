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
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.StreamResetException;
import io.vertx.core.net.impl.ConnectionBase;
import jakarta.inject.Inject;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
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
    /// Each is sent a response before the budget is used up, and then they are as many again.
    private static final int CONSUMERS = 2 * BUDGET_BYTES / RESPONSE_BYTES;
    /// More than a window, less than two responses.
    private static final int WIDE_WINDOW = 64 << 20;

    private static final long SELDOM_MILLIS = 3_600_000;
    private static final long OFTEN_MILLIS = 200;

    @Inject
    ReplicaHost host;

    private final Vertx vertx = Vertx.vertx();
    private final AnswerBudget answers = new AnswerBudget(BUDGET_BYTES);
    private final ExecutorService readThreads = Executors.newFixedThreadPool(4);
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
        var usual = RpcLimits.DEFAULTS;
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
                        10 * CONSUMERS,
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

    /// Calls of a connection whose window is wide, while those of its calls are not and nobody widens them.
    private static HttpConnection consumersThatReadNothing(RawConnection raw) {
        var calls = IntStream.range(0, CONSUMERS).mapToObj(i -> raw.call(READ)).toList();
        var connection = raw.connection(calls.getFirst());
        widen(connection);
        for (var call : calls) {
            call.response().onSuccess(HttpClientResponse::pause);
            RawConnection.await(call.end(readAll()).toCompletionStage());
        }
        return connection;
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

    private void awaitFull() {
        RunningReplica.await("what is unread keeps others from being answered", () -> !answers.take(0));
    }

    @Test
    void unreadResponsesAreBoundedAndOtherCallsGoOn() {
        listen(SELDOM_MILLIS);
        try (var raw = new RawConnection(address);
                var client = new ServiceClient(address)) {
            var consumers = new ConcurrentLinkedQueue<HttpClientResponse>();
            var ended = new AtomicInteger();
            var calls =
                    IntStream.range(0, CONSUMERS).mapToObj(i -> raw.call(READ)).toList();
            widen(raw.connection(calls.getFirst()));
            for (var call : calls) {
                call.response().onSuccess(response -> consumers.add(response.pause()));
                RawConnection.await(call.end(readAll()).toCompletionStage());
            }
            awaitFull();
            var mostBytes = 3 * BUDGET_BYTES / 4 + RESPONSE_BYTES + (16 << 10);
            for (var i = 0; i < 20; i++) {
                assertTrue(answers.heldBytes() <= mostBytes, answers.heldBytes() + " bytes");
                client.log().append(record("acknowledged all the same"));
            }
            assertTrue(
                    client.log().whoLeads(WhoLeadsRequest.getDefaultInstance()).hasLeader());
            assertTrue(answers.heldBytes() <= mostBytes, answers.heldBytes() + " bytes");
            // One reads: what it leaves room for is for the next, and so on.
            RunningReplica.await("some are answered", () -> !consumers.isEmpty());
            RunningReplica.await("all have read to the end", () -> {
                for (var response = consumers.poll(); response != null; response = consumers.poll()) {
                    var _ = response.endHandler(_ -> ended.incrementAndGet()).resume();
                }
                return ended.get() == CONSUMERS;
            });
            RunningReplica.await("nothing is held", () -> answers.heldBytes() == 0);
        }
    }

    @Test
    void aLargeAnswerThatHasNoRoomIsRefusedAndASmallOneIsNot() {
        listen(SELDOM_MILLIS);
        var labels = StreamConfig.newBuilder();
        for (var i = 0; i < 60; i++) {
            labels.putLabels("label-" + i, "x".repeat(1 << 10));
        }
        try (var raw = new RawConnection(address);
                var client = new ServiceClient(address)) {
            client.log()
                    .createStream(CreateStreamRequest.newBuilder()
                            .setStream("labelled")
                            .setConfig(labels)
                            .setIfNotExists(true)
                            .build());
            var connection = consumersThatReadNothing(raw);
            awaitFull();
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
            connection.close();
            RunningReplica.await("nothing is held", () -> answers.heldBytes() == 0);
            assertEquals(60, client.log().describeStream(describe).getConfig().getLabelsCount());
        }
    }

    @Test
    void whoReadsNothingIsEndedWhereOthersWait() {
        listen(OFTEN_MILLIS);
        try (var raw = new RawConnection(address);
                var client = new ServiceClient(address)) {
            var resets = new ConcurrentLinkedQueue<Long>();
            for (var i = 0; i < CONSUMERS; i++) {
                var call = raw.call(READ);
                widen(raw.connection(call));
                call.response()
                        .onSuccess(response -> response.pause().exceptionHandler(failure -> {
                            if (failure instanceof StreamResetException reset) {
                                resets.add(reset.getCode());
                            }
                        }));
                RawConnection.await(call.end(readAll()).toCompletionStage());
            }
            awaitFull();
            assertEquals(RECORDS, readAll(client));
            RunningReplica.await("some were ended", () -> !resets.isEmpty());
            assertTrue(resets.stream().allMatch(code -> code == 0xb), resets::toString);
        }
    }

    /// Their windows are wide, and nothing is taken from the socket.
    @Test
    void aConnectionThatTakesNoBytesIsClosedWhereOthersWait() {
        listen(OFTEN_MILLIS);
        try (var raw = new RawConnection(address);
                var client = new ServiceClient(address)) {
            var first = raw.call(READ);
            var connection = raw.connection(first);
            RawConnection.await(connection
                    .updateSettings(new Http2Settings(connection.settings()).setInitialWindowSize(WIDE_WINDOW))
                    .toCompletionStage());
            widen(connection);
            onItsEventLoop(connection, () -> ((ConnectionBase) connection).doPause());
            RawConnection.await(first.end(readAll()).toCompletionStage());
            for (var i = 1; i < CONSUMERS; i++) {
                RawConnection.await(raw.call(READ).end(readAll()).toCompletionStage());
            }
            awaitFull();
            assertEquals(RECORDS, readAll(client));
            RunningReplica.await("nothing is held", () -> answers.heldBytes() == 0);
        }
    }
}
