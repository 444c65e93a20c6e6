package io.taffrail.service;

import static io.taffrail.service.ServiceClient.append;
import static io.taffrail.service.ServiceClient.error;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.taffrail.proto.control.BootstrapRequest;
import io.taffrail.proto.control.ChangeVotersRequest;
import io.taffrail.proto.control.Voter;
import io.taffrail.proto.log.Acknowledgement;
import io.taffrail.proto.log.AppendRequest;
import io.taffrail.proto.log.AppendResponse;
import io.taffrail.proto.log.DescribeStreamRequest;
import io.taffrail.proto.log.Edge;
import io.taffrail.proto.log.ErrorCode;
import io.taffrail.proto.log.Producer;
import io.taffrail.proto.log.ReadPosition;
import io.taffrail.proto.log.ReadRequest;
import io.taffrail.proto.log.ReadResponse;
import io.taffrail.proto.log.Record;
import io.taffrail.proto.log.RegisterProducerRequest;
import io.taffrail.proto.log.WhoLeadsRequest;
import io.taffrail.service.host.ReplicaHost;
import io.vertx.core.buffer.Buffer;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What clients should not send and send all the same. Numbers of limits are those of [DataDirectory].
@QuarkusTest
@QuarkusTestResource(value = DataDirectory.class, restrictToAnnotatedClass = true)
class BadInputTest {
    private static final String APPEND = "taffrail.log.v1.Log/Append";
    private static final String APPEND_STREAM = "taffrail.log.v1.Log/AppendStream";
    private static final int LARGEST_RECORD = 256 << 10;

    @Inject
    ReplicaHost host;

    ServiceClient client;

    @BeforeEach
    void connect() {
        client = RunningReplica.connect(host);
        client.createStream("bad");
    }

    @AfterEach
    void otherClientsAreServedStill() {
        client.createStream("after");
        client.log().append(append("after", "v"));
        client.close();
    }

    private long nextOffset() {
        return client.log()
                .describeStream(
                        DescribeStreamRequest.newBuilder().setStream("bad").build())
                .getNextOffset();
    }

    private static StatusRuntimeException refused(Callable<?> call) {
        return assertThrows(StatusRuntimeException.class, call::call);
    }

    private static Status.Code code(Callable<?> call) {
        return refused(call).getStatus().getCode();
    }

    private Object read(ReadRequest.Builder request) {
        var all = new ArrayList<ReadResponse>();
        client.log().read(request.setStream("bad").build()).forEachRemaining(all::add);
        return all;
    }

    @Test
    void anEmptyBatchIsRefusedAndNothingIsLogged() {
        var before = nextOffset();
        assertEquals(Status.Code.INVALID_ARGUMENT, code(() -> client.log().append(append("bad"))));
        assertEquals(before, nextOffset());
    }

    @Test
    void theLargestRecordIsTakenAndOneByteMoreIsNot() {
        // Tag and three bytes of length belong to the record.
        var largest = Record.newBuilder()
                .setValue(ByteString.copyFrom(new byte[LARGEST_RECORD - 4]))
                .build();
        assertEquals(LARGEST_RECORD, largest.getSerializedSize());
        client.log()
                .append(AppendRequest.newBuilder()
                        .setStream("bad")
                        .addRecords(largest)
                        .build());
        var larger = Record.newBuilder()
                .setValue(ByteString.copyFrom(new byte[LARGEST_RECORD - 3]))
                .build();
        var refused = refused(() -> client.log()
                .append(AppendRequest.newBuilder()
                        .setStream("bad")
                        .addRecords(larger)
                        .build()));
        assertEquals(ErrorCode.ERROR_CODE_TOO_LARGE, error(refused).getCode());
        assertFalse(error(refused).getRetryable());
    }

    /// Twice what is allowed, and no more than a client sends by default: it hears which request it was.
    @Test
    void aBatchThatIsTooLargeIsRefusedAndTheOthersOnItsCallAreNot() {
        var replies = new ReplySink<AppendResponse>();
        var requests = client.asynchronous().appendStream(replies);
        var large = AppendRequest.newBuilder().setStream("bad").setRequestId(1);
        for (var i = 0; i < 16; i++) {
            large.addRecords(Record.newBuilder().setValue(ByteString.copyFrom(new byte[LARGEST_RECORD / 2])));
        }
        requests.onNext(large.build());
        var refused = replies.next();
        assertEquals(1, refused.getRequestId());
        assertEquals(ErrorCode.ERROR_CODE_TOO_LARGE, refused.getError().getCode());
        requests.onNext(append("bad", "v").toBuilder().setRequestId(2).build());
        assertEquals(2, replies.next().getRequestId());
        requests.onCompleted();
        assertNull(replies.awaitEnd());
    }

    /// Longer than any request may be, so it is not read, and what ends the call says what a client needs to know.
    @Test
    void aRequestThatIsNotEvenReadEndsItsCallWithSizeAndLimit() {
        var replies = new ReplySink<AppendResponse>();
        var requests = client.asynchronous().appendStream(replies);
        requests.onNext(append("bad", "v").toBuilder().setRequestId(1).build());
        assertEquals(1, replies.next().getRequestId());
        var value = ByteString.copyFrom(new byte[9 << 20]);
        var large = AppendRequest.newBuilder()
                .setStream("bad")
                .addRecords(Record.newBuilder().setValue(value))
                .build();
        requests.onNext(large);
        var refused = assertInstanceOf(StatusRuntimeException.class, replies.awaitEnd());
        assertEquals(Status.Code.RESOURCE_EXHAUSTED, refused.getStatus().getCode());
        var error = error(refused);
        assertEquals(ErrorCode.ERROR_CODE_TOO_LARGE, error.getCode());
        assertFalse(error.getRetryable());
        assertTrue(error.getMostBytes() < large.getSerializedSize(), error.toString());
        assertEquals(
                "the message has " + large.getSerializedSize() + " bytes, at most " + error.getMostBytes()
                        + " are allowed",
                error.getMessage());
    }

    /// With a configuration that is not in force, so that nothing but the address is in question.
    @Test
    void aMembersAddressIsAHostAndAPort() {
        for (var address : List.of("", "h", "h:abc", "h:9091091091", "h".repeat(508) + ":9091")) {
            var learner = Voter.newBuilder()
                    .setNodeId(7)
                    .setStorageUuid(ByteString.copyFrom(new byte[16]))
                    .setPeerAddress("h:9091")
                    .setClientAddress("h:9090")
                    .build();
            refusesMember("peer_address", learner.toBuilder().setPeerAddress(address));
            refusesMember("client_address", learner.toBuilder().setClientAddress(address));
        }
    }

    private void refusesMember(String field, Voter.Builder member) {
        var learner = ChangeVotersRequest.newBuilder().setExpectedConfigId(99).setAddLearner(member);
        var refused = refused(() -> client.control().changeVoters(learner.build()));
        assertEquals(Status.Code.INVALID_ARGUMENT, refused.getStatus().getCode());
        assertTrue(error(refused).getMessage().startsWith("add_learner." + field + " is \""));
        var voters = BootstrapRequest.newBuilder()
                .setClusterId(ByteString.copyFrom(new byte[16]))
                .addVoters(member);
        refused = refused(() -> client.control().bootstrap(voters.build()));
        assertTrue(error(refused).getMessage().startsWith("voters[0]." + field + " is \""));
    }

    @Test
    void aLengthOfTwoGigabytesIsRefusedWithoutMemory() {
        try (var raw = new RawConnection(host.clientAddress())) {
            var lie = Buffer.buffer()
                    .appendByte((byte) 0)
                    .appendInt(Integer.MAX_VALUE)
                    .appendBytes(new byte[10]);
            assertEquals(String.valueOf(Status.Code.RESOURCE_EXHAUSTED.value()), raw.status(APPEND, lie));
        }
    }

    @Test
    void aLengthWithinTheRequestThatLiesIsRefused() {
        try (var raw = new RawConnection(host.clientAddress())) {
            // records (15) of 2^31-1 bytes, of which none come.
            var lie = new byte[] {0x12, 3, 'b', 'a', 'd', 0x7a, -1, -1, -1, -1, 7};
            assertEquals(
                    String.valueOf(Status.Code.INVALID_ARGUMENT.value()), raw.status(APPEND, RawConnection.frame(lie)));
        }
    }

    @Test
    void aWrongChecksumIsDataLossAndTheConnectionIsKept() {
        var before = nextOffset();
        var replies = new ReplySink<AppendResponse>();
        var requests = client.asynchronous().appendStream(replies);
        requests.onNext(append("bad", "v").toBuilder()
                .setRequestId(1)
                .setRecordsCrc32C(1)
                .build());
        assertEquals(ErrorCode.ERROR_CODE_DATA_LOSS, replies.next().getError().getCode());
        assertEquals(before, nextOffset());
        requests.onNext(append("bad", "v").toBuilder().setRequestId(2).build());
        assertEquals(before, replies.next().getAcknowledgement().getBaseOffset());
        requests.onCompleted();
        assertNull(replies.awaitEnd());
    }

    @Test
    void unknownModesAreRefusedAndUnsetOnesAreTheSafest() {
        var refused = refused(() -> client.log()
                .append(append("bad", "v").toBuilder().setCommitModeValue(9).build()));
        assertEquals(Status.Code.INVALID_ARGUMENT, refused.getStatus().getCode());
        assertTrue(error(refused).getMessage().startsWith("commit_mode is 9: allowed are"));
        var unset = client.log().append(append("bad", "v")).getAcknowledgement();
        assertEquals("COMMIT_MODE_SYNC", unset.getCommitMode().name());
        assertNotEquals("REPLICATION_MODE_ASYNC", unset.getReplicationMode().name());
    }

    @Test
    void offsetsOutsideTheStreamAreOutOfRangeAndTheRangeIsTold() {
        client.log().append(append("bad", "v"));
        var next = nextOffset();
        for (var offset : new long[] {-1, Long.MIN_VALUE, next + 1, Long.MAX_VALUE}) {
            var refused = refused(() -> read(ReadRequest.newBuilder().setOffset(offset)));
            assertEquals(Status.Code.OUT_OF_RANGE, refused.getStatus().getCode());
            assertEquals(0, error(refused).getStartOffset());
            assertEquals(next, error(refused).getNextOffset());
        }
        read(ReadRequest.newBuilder().setOffset(next));
    }

    @Test
    void aPositionOfAnotherClusterOrOfADiscardedHistoryIsRefused() {
        client.log().append(append("bad", "v"));
        var seen = client.log()
                .read(ReadRequest.newBuilder()
                        .setStream("bad")
                        .setEdge(Edge.EDGE_EARLIEST)
                        .build())
                .next()
                .getPosition();
        read(ReadRequest.newBuilder().setEdge(Edge.EDGE_EARLIEST).setAfter(seen));
        var stranger = seen.toBuilder().setHistoryId(ByteString.copyFrom(new byte[16]));
        assertEquals(
                ErrorCode.ERROR_CODE_WRONG_CLUSTER,
                error(refused(() -> read(ReadRequest.newBuilder()
                                .setEdge(Edge.EDGE_EARLIEST)
                                .setAfter(stranger))))
                        .getCode());
        var discarded = seen.toBuilder().setEpoch(seen.getEpoch() + 1);
        assertEquals(
                ErrorCode.ERROR_CODE_LOG_TRUNCATED,
                error(refused(() -> read(ReadRequest.newBuilder()
                                .setEdge(Edge.EDGE_EARLIEST)
                                .setAfter(discarded))))
                        .getCode());
        var within = ReadPosition.newBuilder().setEpoch(seen.getEpoch()).setLsn(seen.getLsn() + 1);
        assertEquals(
                Status.Code.FAILED_PRECONDITION,
                code(() -> read(
                        ReadRequest.newBuilder().setEdge(Edge.EDGE_EARLIEST).setAfter(within))));
    }

    private Producer.Builder producer(String name) {
        var registered = client.log()
                .registerProducer(
                        RegisterProducerRequest.newBuilder().setName(name).build());
        return Producer.newBuilder().setId(registered.getProducerId()).setEpoch(registered.getEpoch());
    }

    @Test
    void oneSequenceOnManyConnectionsAtOnceIsOneAppend() throws Exception {
        var before = nextOffset();
        var request =
                append("bad", "v").toBuilder().setProducer(producer("many")).build();
        var connections = 8;
        try (var threads = Executors.newFixedThreadPool(connections)) {
            Callable<Acknowledgement> append = () -> {
                try (var own = new ServiceClient(host.clientAddress())) {
                    return own.log().append(request).getAcknowledgement();
                }
            };
            var answers = threads.invokeAll(Collections.nCopies(connections, append));
            var firsts = 0;
            for (var answer : answers) {
                assertEquals(before, answer.get().getBaseOffset());
                firsts += answer.get().getDuplicate() ? 0 : 1;
            }
            assertEquals(1, firsts);
        }
        assertEquals(before + 1, nextOffset());
    }

    @Test
    void gapsReuseAndTheEndOfTheSequenceHaveTheirOwnRefusals() {
        var producer = producer("sequences");
        client.log().append(append("bad", "0").toBuilder().setProducer(producer).build());
        var gap = refused(() -> client.log()
                .append(append("bad", "2").toBuilder()
                        .setProducer(producer.clone().setSequence(2))
                        .build()));
        assertEquals(ErrorCode.ERROR_CODE_OUT_OF_SEQUENCE, error(gap).getCode());
        assertEquals(0, error(gap).getLastSequence());
        var reuse = refused(() -> client.log()
                .append(append("bad", "other bytes").toBuilder()
                        .setProducer(producer)
                        .build()));
        assertEquals(ErrorCode.ERROR_CODE_DUPLICATE_MISMATCH, error(reuse).getCode());
        var beyond = refused(() -> client.log()
                .append(append("bad", "x").toBuilder()
                        .setProducer(producer.clone().setSequence(-1))
                        .build()));
        assertEquals(Status.Code.INVALID_ARGUMENT, beyond.getStatus().getCode());
    }

    @Test
    void anInstanceThatWasFollowedByAnotherIsFenced() {
        var zombie = producer("zombie");
        producer("zombie");
        var refused = refused(() -> client.log()
                .append(append("bad", "v").toBuilder().setProducer(zombie).build()));
        assertEquals(ErrorCode.ERROR_CODE_FENCED, error(refused).getCode());
    }

    @Test
    void whatWasSentBeforeADisconnectStandsAndARetryFindsIt() {
        var request =
                append("bad", "v").toBuilder().setProducer(producer("gone")).build();
        var before = nextOffset();
        try (var raw = new RawConnection(host.clientAddress())) {
            var call = raw.call(APPEND_STREAM);
            RawConnection.await(
                    call.write(RawConnection.frame(request.toByteArray())).toCompletionStage());
            RunningReplica.await("the append is in the log", () -> nextOffset() == before + 1);
        }
        var retried = client.log().append(request).getAcknowledgement();
        assertTrue(retried.getDuplicate());
        assertEquals(before, retried.getBaseOffset());
    }

    @Test
    void aDeadlineThatIsOverEndsTheCallOnce() {
        assertEquals(
                Status.Code.DEADLINE_EXCEEDED,
                code(() ->
                        client.log().withDeadlineAfter(1, TimeUnit.NANOSECONDS).append(append("bad", "v"))));
        try (var raw = new RawConnection(host.clientAddress())) {
            var call = raw.call(APPEND_STREAM).putHeader("grpc-timeout", "50m");
            RawConnection.await(call.sendHead().toCompletionStage());
            assertEquals(
                    String.valueOf(Status.Code.DEADLINE_EXCEEDED.value()),
                    RawConnection.status(RawConnection.await(call.response().toCompletionStage())));
            var malformed = raw.call(APPEND).putHeader("grpc-timeout", "soon");
            assertEquals(
                    String.valueOf(Status.Code.INVALID_ARGUMENT.value()),
                    RawConnection.status(RawConnection.await(malformed.send().toCompletionStage())));
        }
    }

    @Test
    void manyConnectionsAndResetsLeaveTheOthersAlone() {
        try (var raw = new RawConnection(host.clientAddress())) {
            for (var i = 0; i < 500; i++) {
                var call = raw.call(APPEND_STREAM);
                RawConnection.await(call.sendHead().toCompletionStage());
                call.reset();
            }
            client.log().append(append("bad", "v"));
        }
        var clients = new ArrayList<ServiceClient>();
        for (var i = 0; i < 50; i++) {
            var one = new ServiceClient(host.clientAddress());
            one.log().whoLeads(WhoLeadsRequest.getDefaultInstance());
            clients.add(one);
        }
        clients.forEach(ServiceClient::close);
    }

    @Test
    void pingsEveryInstantEndTheConnection() {
        try (var raw = new RawConnection(host.clientAddress())) {
            var call = raw.call(APPEND_STREAM);
            RawConnection.await(call.sendHead().toCompletionStage());
            var closed = new AtomicInteger();
            raw.connection(call).closeHandler(gone -> closed.incrementAndGet());
            var payload = Buffer.buffer(new byte[8]);
            for (var i = 0; i < 1_000 && closed.get() == 0; i++) {
                raw.connection(call).ping(payload);
            }
            RunningReplica.await("the connection is closed", () -> closed.get() == 1);
        }
    }

    /// gRPC libraries measure the connection with a ping for each stretch of data that they read.
    @Test
    void pingsForWhatIsReadEndNothing() {
        try (var raw = new RawConnection(host.clientAddress())) {
            var request = ReadRequest.newBuilder()
                    .setStream("bad")
                    // Of now: the read may begin after the first append.
                    .setOffset(nextOffset())
                    .setFollow(true)
                    .build();
            var call = raw.call("taffrail.log.v1.Log/Read");
            var closed = new AtomicInteger();
            raw.connection(call).closeHandler(gone -> closed.incrementAndGet());
            RawConnection.await(call.sendHead().toCompletionStage());
            call.write(RawConnection.frame(request.toByteArray()));
            var arrived = new AtomicInteger();
            call.response().onSuccess(response -> response.handler(chunk -> arrived.incrementAndGet()));
            var payload = Buffer.buffer(new byte[8]);
            for (var i = 0; i < 300; i++) {
                var before = arrived.get();
                client.log().append(append("bad", "for a ping"));
                RunningReplica.await("a record arrives", () -> arrived.get() > before || closed.get() > 0);
                raw.connection(call).ping(payload);
            }
            assertEquals(0, closed.get());
        }
    }

    @Test
    void aReaderThatStopsReadingStopsOnlyItself() {
        var value = "x".repeat(100_000);
        for (var i = 0; i < 40; i++) {
            client.log().append(append("bad", value));
        }
        try (var raw = new RawConnection(host.clientAddress())) {
            var request = ReadRequest.newBuilder()
                    .setStream("bad")
                    .setEdge(Edge.EDGE_EARLIEST)
                    .build();
            var call = raw.call("taffrail.log.v1.Log/Read");
            var response = RawConnection.await(
                    call.send(RawConnection.frame(request.toByteArray())).toCompletionStage());
            response.pause();
            var before = nextOffset();
            client.log().append(append("bad", "others go on"));
            assertEquals(before + 1, nextOffset());
            var bytes = new AtomicInteger();
            response.handler(chunk -> bytes.addAndGet(chunk.length()));
            response.resume();
            RunningReplica.await("all comes once it reads on", () -> bytes.get() >= 40 * 100_000);
        }
    }

    @Test
    void aClientThatSendsAndNeverReadsIsStoppedAndHoldsLittle() {
        var request = append("bad", "x".repeat(1_000)).toBuilder()
                .setCommitMode(io.taffrail.proto.log.CommitMode.COMMIT_MODE_ASYNC)
                .build()
                .toByteArray();
        try (var raw = new RawConnection(host.clientAddress())) {
            var call = raw.call(APPEND_STREAM);
            call.response().onSuccess(response -> response.pause());
            var batch = Buffer.buffer();
            for (var i = 0; i < 100; i++) {
                batch.appendBuffer(RawConnection.frame(request));
            }
            RawConnection.await(call.sendHead().toCompletionStage());
            // The answers' window is 64 KiB, some thousand appends: it goes on until the server reads no more.
            RunningReplica.await("the server reads no more of it, and serves others", () -> {
                for (var i = 0; i < 20 && !call.writeQueueFull(); i++) {
                    call.write(batch);
                }
                var before = nextOffset();
                for (var i = 0; i < 20; i++) {
                    client.log().append(append("bad", "others go on"));
                }
                return call.writeQueueFull() && nextOffset() == before + 20;
            });
            client.log().append(append("bad", "and on"));
        }
    }

    @Test
    void aMessageThatComesTooSlowlyIsGivenUp() {
        try (var raw = new RawConnection(host.clientAddress())) {
            var call = raw.call(APPEND_STREAM);
            RawConnection.await(call.write(Buffer.buffer()
                            .appendByte((byte) 0)
                            .appendInt(1 << 20)
                            .appendBytes(new byte[100]))
                    .toCompletionStage());
            assertEquals(
                    String.valueOf(Status.Code.DEADLINE_EXCEEDED.value()),
                    RawConnection.status(RawConnection.await(call.response().toCompletionStage())));
        }
    }

    @Test
    void headersThatAreTooLargeAreRefused() {
        try (var raw = new RawConnection(host.clientAddress())) {
            var call = raw.call(APPEND).putHeader("x-large", "y".repeat(1 << 20));
            var answer = call.send(Buffer.buffer()).toCompletionStage();
            // With a status, or by the end of the connection: HTTP/2 leaves it to the server.
            assertThrows(AssertionError.class, () -> {
                if (RawConnection.await(answer).statusCode() == 200) {
                    return;
                }
                throw new AssertionError("refused, as it should be");
            });
        }
    }

    @Test
    void contentThatIsNotGrpcIsRefused() {
        try (var raw = new RawConnection(host.clientAddress())) {
            var text = raw.call(APPEND).putHeader("content-type", "text/plain");
            assertEquals(
                    415,
                    RawConnection.await(text.send(Buffer.buffer()).toCompletionStage())
                            .statusCode());
        }
    }

    @Test
    void aCallThatTakesOneRequestEndsWithoutOneAndWithTwo() {
        var invalid = String.valueOf(Status.Code.INVALID_ARGUMENT.value());
        var one = RawConnection.frame(new byte[0]);
        try (var raw = new RawConnection(host.clientAddress())) {
            for (var method : List.of("grpc.health.v1.Health/Watch", "taffrail.log.v1.Log/WatchDurability")) {
                assertEquals(invalid, raw.status(method, Buffer.buffer()), method);
                assertEquals(invalid, raw.status(method, one.copy().appendBuffer(one)), method);
            }
        }
    }

    @Test
    void aNameThatIsNotUtf8IsRefused() {
        try (var raw = new RawConnection(host.clientAddress())) {
            var request = new byte[] {0x12, 2, (byte) 0xc3, 0x28, 0x7a, 0};
            assertEquals(
                    String.valueOf(Status.Code.INVALID_ARGUMENT.value()),
                    raw.status(APPEND, RawConnection.frame(request)));
            assertEquals(
                    String.valueOf(Status.Code.INVALID_ARGUMENT.value()),
                    raw.status(
                            "taffrail.log.v1.Log/CreateStream",
                            RawConnection.frame(new byte[] {0x0a, 2, (byte) 0xc3, 0x28})));
        }
    }

    @Test
    void fieldsAndMethodsOfAnotherVersionAreIgnoredAndUnimplemented() {
        var newer = append("bad", "v").toBuilder()
                .setUnknownFields(UnknownFieldSet.newBuilder()
                        .addField(
                                999,
                                UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                        .build())
                .build();
        client.log().append(newer);
        var method = MethodDescriptor.<AppendRequest, AppendResponse>newBuilder()
                .setType(MethodDescriptor.MethodType.UNARY)
                .setFullMethodName("taffrail.log.v1.Log/Compact")
                .setRequestMarshaller(ProtoUtils.marshaller(AppendRequest.getDefaultInstance()))
                .setResponseMarshaller(ProtoUtils.marshaller(AppendResponse.getDefaultInstance()))
                .build();
        assertEquals(
                Status.Code.UNIMPLEMENTED,
                code(() -> ClientCalls.blockingUnaryCall(client.channel(), method, CallOptions.DEFAULT, newer)));
        assertEquals(
                Status.Code.UNIMPLEMENTED,
                code(() -> client.log().withCompression("gzip").append(append("bad", "v"))));
    }
}
