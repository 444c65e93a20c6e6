package io.taffrail.service;

import static io.taffrail.service.ServiceClient.append;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.taffrail.proto.control.ApplySettingsRequest;
import io.taffrail.proto.control.BootstrapRequest;
import io.taffrail.proto.control.ForceRecoveryRequest;
import io.taffrail.proto.control.GetStatusRequest;
import io.taffrail.proto.control.Settings;
import io.taffrail.proto.control.State;
import io.taffrail.proto.log.AppendRequest;
import io.taffrail.proto.log.AppendResponse;
import io.taffrail.proto.log.AppendStage;
import io.taffrail.proto.log.CommitCursorRequest;
import io.taffrail.proto.log.CommitMode;
import io.taffrail.proto.log.CreateStreamRequest;
import io.taffrail.proto.log.DeleteCursorRequest;
import io.taffrail.proto.log.DeleteStreamRequest;
import io.taffrail.proto.log.DescribeClusterRequest;
import io.taffrail.proto.log.DescribeStreamRequest;
import io.taffrail.proto.log.Edge;
import io.taffrail.proto.log.ErrorCode;
import io.taffrail.proto.log.FenceStreamRequest;
import io.taffrail.proto.log.FlushRequest;
import io.taffrail.proto.log.GetCursorRequest;
import io.taffrail.proto.log.Isolation;
import io.taffrail.proto.log.ListCursorsRequest;
import io.taffrail.proto.log.ListStreamsRequest;
import io.taffrail.proto.log.Producer;
import io.taffrail.proto.log.ReadRequest;
import io.taffrail.proto.log.ReadResponse;
import io.taffrail.proto.log.RegisterProducerRequest;
import io.taffrail.proto.log.ReplicationMode;
import io.taffrail.proto.log.StreamConfig;
import io.taffrail.proto.log.TrimStreamRequest;
import io.taffrail.proto.log.UpdateStreamRequest;
import io.taffrail.proto.log.WatchDurabilityRequest;
import io.taffrail.proto.log.WhoLeadsRequest;
import io.taffrail.service.api.Uuids;
import io.taffrail.service.host.ReplicaHost;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What log.proto and control.proto promise, asked for as any client would, of a cluster of one.
@QuarkusTest
@QuarkusTestResource(value = DataDirectory.class, restrictToAnnotatedClass = true)
class LogApiTest {
    @Inject
    ReplicaHost host;

    ServiceClient client;

    @BeforeEach
    void connect() {
        client = RunningReplica.connect(host);
    }

    @AfterEach
    void disconnect() {
        client.close();
    }

    private static List<String> values(Iterator<ReadResponse> responses) {
        var values = new ArrayList<String>();
        while (responses.hasNext()) {
            for (var batch : responses.next().getBatchesList()) {
                assertEquals(batch.getRecordCount(), batch.getRecordsCount());
                batch.getRecordsList()
                        .forEach(record -> values.add(record.getValue().toStringUtf8()));
            }
        }
        return values;
    }

    private static ReadRequest.Builder fromStart(String stream) {
        return ReadRequest.newBuilder().setStream(stream).setEdge(Edge.EDGE_EARLIEST);
    }

    @Test
    void whatIsAcknowledgedIsReadAtEveryIsolation() {
        client.createStream("read-back");
        var acknowledged =
                client.log().append(append("read-back", "a", "b", "c")).getAcknowledgement();
        assertEquals(0, acknowledged.getBaseOffset());
        assertEquals(3, acknowledged.getRecordCount());
        assertEquals(CommitMode.COMMIT_MODE_SYNC, acknowledged.getCommitMode());
        assertTrue(acknowledged.getReplicationMode().getNumber() >= ReplicationMode.REPLICATION_MODE_QUORUM_VALUE);
        assertTrue(acknowledged.getLsnEnd() > acknowledged.getLsnStart());
        assertEquals(
                3,
                client.log()
                        .append(append("read-back", "d"))
                        .getAcknowledgement()
                        .getBaseOffset());
        for (var isolation :
                List.of(Isolation.ISOLATION_DURABLE, Isolation.ISOLATION_REPLICATED, Isolation.ISOLATION_BUFFERED)) {
            assertEquals(
                    List.of("a", "b", "c", "d"),
                    values(client.log()
                            .read(fromStart("read-back").setIsolation(isolation).build())));
        }
    }

    @Test
    void readsFromWithinABatchAndStopsAtTheCount() {
        client.createStream("within");
        client.log().append(append("within", "0", "1", "2", "3", "4"));
        client.log().append(append("within", "5", "6"));
        var request = ReadRequest.newBuilder().setStream("within").setOffset(2).setMaxRecords(4);
        var responses = new ArrayList<ReadResponse>();
        client.log().read(request.build()).forEachRemaining(responses::add);
        assertEquals(List.of("2", "3", "4", "5"), values(responses.iterator()));
        assertEquals(2, responses.getFirst().getBatches(0).getBaseOffset());
        assertEquals(7, responses.getFirst().getNextOffset());
        assertFalse(responses.getFirst().getPosition().getHistoryId().isEmpty());
    }

    @Test
    void aBatchThatIsLargerThanAResponseComesInParts() {
        client.createStream("parts");
        var values = new String[100];
        for (var i = 0; i < values.length; i++) {
            values[i] = "record " + i + " " + "x".repeat(200);
        }
        client.log().append(append("parts", values));
        var responses = new ArrayList<ReadResponse>();
        client.log().read(fromStart("parts").setMaxResponseBytes(2_000).build()).forEachRemaining(responses::add);
        assertTrue(responses.size() >= 10, "" + responses.size());
        assertEquals(List.of(values), values(responses.iterator()));
    }

    @Test
    void aFollowerGetsWhatComesLater() {
        client.createStream("follow");
        client.log().append(append("follow", "before"));
        var replies = new ReplySink<ReadResponse>();
        var context = Context.current().withCancellation();
        context.run(() ->
                client.asynchronous().read(fromStart("follow").setFollow(true).build(), replies));
        assertEquals("before", first(replies.next()));
        for (var i = 0; i < 50; i++) {
            client.log().append(append("follow", "later " + i));
            assertEquals("later " + i, first(replies.next()));
        }
        context.cancel(null);
        assertEquals(
                Status.Code.CANCELLED, Status.fromThrowable(replies.awaitEnd()).getCode());
    }

    private static String first(ReadResponse response) {
        return response.getBatches(0).getRecords(0).getValue().toStringUtf8();
    }

    @Test
    void latestSeesOnlyWhatComesAfterAndTimestampsFindTheirBatch() {
        client.createStream("starts");
        client.log().append(append("starts", "old"));
        var latest = ReadRequest.newBuilder().setStream("starts").setEdge(Edge.EDGE_LATEST);
        assertEquals(List.of(), values(client.log().read(latest.build())));
        var stamped = client.log()
                .read(fromStart("starts").build())
                .next()
                .getBatches(0)
                .getTimestampMillis();
        assertEquals(
                List.of("old"),
                values(client.log()
                        .read(ReadRequest.newBuilder()
                                .setStream("starts")
                                .setTimestampMillis(stamped)
                                .build())));
        assertEquals(
                List.of(),
                values(client.log()
                        .read(ReadRequest.newBuilder()
                                .setStream("starts")
                                .setTimestampMillis(stamped + 1_000_000)
                                .build())));
    }

    @Test
    void acknowledgementsComeInOrderThoughLevelsAreReachedOutOfIt() {
        client.createStream("order");
        var replies = new ReplySink<AppendResponse>();
        var requests = client.asynchronous().appendStream(replies);
        for (var i = 0; i < 500; i++) {
            requests.onNext(append("order", "v" + i).toBuilder()
                    .setRequestId(i + 1)
                    .setCommitMode(i % 2 == 0 ? CommitMode.COMMIT_MODE_SYNC : CommitMode.COMMIT_MODE_ASYNC)
                    .build());
        }
        requests.onCompleted();
        for (var i = 0; i < 500; i++) {
            var reply = replies.next();
            assertEquals(i + 1, reply.getRequestId());
            assertEquals(i, reply.getAcknowledgement().getBaseOffset());
        }
        assertNull(replies.awaitEnd());
    }

    @Test
    void everyStageThatWasAskedForIsTold() {
        client.createStream("stages");
        var replies = new ReplySink<AppendResponse>();
        var requests = client.asynchronous().appendStream(replies);
        requests.onNext(append("stages", "v").toBuilder()
                .setRequestId(7)
                .addNotify(AppendStage.APPEND_STAGE_ACCEPTED)
                .addNotify(AppendStage.APPEND_STAGE_DURABLE)
                .addNotify(AppendStage.APPEND_STAGE_REPLICATED)
                .build());
        var stages = new ArrayList<AppendStage>();
        var acknowledged = 0;
        for (var i = 0; i < 4; i++) {
            var reply = replies.next();
            assertEquals(7, reply.getRequestId());
            if (reply.hasNotification()) {
                stages.add(reply.getNotification().getStage());
            } else {
                acknowledged++;
            }
        }
        assertEquals(
                List.of(
                        AppendStage.APPEND_STAGE_ACCEPTED,
                        AppendStage.APPEND_STAGE_DURABLE,
                        AppendStage.APPEND_STAGE_REPLICATED),
                stages.stream().sorted().toList());
        assertEquals(1, acknowledged);
        requests.onCompleted();
        assertNull(replies.awaitEnd());
    }

    @Test
    void aRefusalOnAStreamLeavesTheStreamOpen() {
        client.createStream("lives-on");
        var replies = new ReplySink<AppendResponse>();
        var requests = client.asynchronous().appendStream(replies);
        requests.onNext(append("not there", "v").toBuilder().setRequestId(1).build());
        assertEquals(
                ErrorCode.ERROR_CODE_STREAM_NOT_FOUND, replies.next().getError().getCode());
        requests.onNext(
                AppendRequest.newBuilder().setRequestId(2).setStream("lives-on").build());
        assertEquals(
                ErrorCode.ERROR_CODE_INVALID_ARGUMENT, replies.next().getError().getCode());
        requests.onNext(append("lives-on", "v").toBuilder().setRequestId(3).build());
        assertEquals(0, replies.next().getAcknowledgement().getBaseOffset());
        requests.onCompleted();
        assertNull(replies.awaitEnd());
    }

    @Test
    void aRetriedSequenceIsAppendedOnce() {
        client.createStream("once");
        var producer = client.log()
                .registerProducer(RegisterProducerRequest.newBuilder()
                        .setName("once-producer")
                        .setStream("once")
                        .build());
        var request = append("once", "v").toBuilder()
                .setProducer(Producer.newBuilder()
                        .setId(producer.getProducerId())
                        .setEpoch(producer.getEpoch())
                        .setSequence(0))
                .build();
        var first = client.log().append(request).getAcknowledgement();
        var second = client.log().append(request).getAcknowledgement();
        assertFalse(first.getDuplicate());
        assertTrue(second.getDuplicate());
        assertEquals(first.getBaseOffset(), second.getBaseOffset());
        assertEquals(first.getLsnEnd(), second.getLsnEnd());
        assertEquals(List.of("v"), values(client.log().read(fromStart("once").build())));
        var again = client.log()
                .registerProducer(RegisterProducerRequest.newBuilder()
                        .setName("once-producer")
                        .setStream("once")
                        .build());
        assertEquals(producer.getEpoch() + 1, again.getEpoch());
        assertEquals(1, again.getAppendedRecords());
        var fenced =
                assertThrows(StatusRuntimeException.class, () -> client.log().append(request));
        assertEquals(ErrorCode.ERROR_CODE_FENCED, ServiceClient.error(fenced).getCode());
    }

    @Test
    void streamsAreMadeChangedTrimmedListedAndDeleted() {
        var config = StreamConfig.newBuilder()
                .setCommitMode(CommitMode.COMMIT_MODE_ASYNC)
                .putLabels("owner", "test")
                .build();
        var created = client.log()
                .createStream(CreateStreamRequest.newBuilder()
                        .setStream("life")
                        .setConfig(config)
                        .build());
        assertEquals(config.getLabelsMap(), created.getConfig().getLabelsMap());
        var twice = assertThrows(
                StatusRuntimeException.class,
                () -> client.log()
                        .createStream(CreateStreamRequest.newBuilder()
                                .setStream("life")
                                .build()));
        assertEquals(Status.Code.ALREADY_EXISTS, twice.getStatus().getCode());
        client.log().append(append("life", "a", "b", "c"));
        assertEquals(
                2,
                client.log()
                        .trimStream(TrimStreamRequest.newBuilder()
                                .setStream("life")
                                .setStartOffset(2)
                                .build())
                        .getStartOffset());
        var trimmed = assertThrows(
                StatusRuntimeException.class,
                () -> values(client.log()
                        .read(ReadRequest.newBuilder()
                                .setStream("life")
                                .setOffset(1)
                                .build())));
        assertEquals(Status.Code.OUT_OF_RANGE, trimmed.getStatus().getCode());
        assertEquals(2, ServiceClient.error(trimmed).getStartOffset());
        assertEquals(3, ServiceClient.error(trimmed).getNextOffset());
        assertEquals(List.of("c"), values(client.log().read(fromStart("life").build())));
        assertEquals(
                5_000,
                client.log()
                        .updateStream(UpdateStreamRequest.newBuilder()
                                .setStream("life")
                                .setConfig(StreamConfig.newBuilder().setRetentionMillis(5_000))
                                .build())
                        .getConfig()
                        .getRetentionMillis());
        assertEquals(
                9,
                client.log()
                        .fenceStream(FenceStreamRequest.newBuilder()
                                .setStream("life")
                                .setFencingToken(9)
                                .build())
                        .getFencingToken());
        assertEquals(
                ErrorCode.ERROR_CODE_FENCED,
                ServiceClient.error(assertThrows(
                                StatusRuntimeException.class, () -> client.log().append(append("life", "d"))))
                        .getCode());
        var listed = client.log()
                .listStreams(ListStreamsRequest.newBuilder().setPrefix("life").build());
        assertEquals(1, listed.getStreamsCount());
        client.log()
                .deleteStream(DeleteStreamRequest.newBuilder().setStream("life").build());
        assertEquals(
                Status.Code.NOT_FOUND,
                assertThrows(
                                StatusRuntimeException.class,
                                () -> client.log()
                                        .describeStream(DescribeStreamRequest.newBuilder()
                                                .setStream("life")
                                                .build()))
                        .getStatus()
                        .getCode());
    }

    /// Each has labels of 60 KiB: all of them would be more than a client takes.
    @Test
    void aPageOfLargeDescriptionsIsCutAndGoesOn() {
        var config = StreamConfig.newBuilder();
        for (var i = 0; i < 60; i++) {
            config.putLabels("label-" + i, "x".repeat(1 << 10));
        }
        var names = new ArrayList<String>();
        for (var i = 100; i < 180; i++) {
            names.add("labelled-" + i);
            client.log()
                    .createStream(CreateStreamRequest.newBuilder()
                            .setStream(names.getLast())
                            .setConfig(config)
                            .build());
        }
        var found = new ArrayList<String>();
        var after = "";
        for (var more = true; more; ) {
            var page = client.log()
                    .listStreams(ListStreamsRequest.newBuilder()
                            .setPrefix("labelled-")
                            .setAfter(after)
                            .setPageSize(names.size())
                            .build());
            assertTrue(page.getSerializedSize() <= (1 << 20) + 100, page.getSerializedSize() + " bytes");
            page.getStreamsList().forEach(stream -> found.add(stream.getStream()));
            after = found.getLast();
            more = page.getMore();
        }
        assertEquals(names, found);
    }

    @Test
    void aCursorIsWhereAReadGoesOn() {
        client.createStream("cursors");
        client.log().append(append("cursors", "a", "b", "c"));
        client.log()
                .commitCursor(CommitCursorRequest.newBuilder()
                        .setStream("cursors")
                        .setCursor("group")
                        .setOffset(2)
                        .build());
        assertEquals(
                2,
                client.log()
                        .getCursor(GetCursorRequest.newBuilder()
                                .setStream("cursors")
                                .setCursor("group")
                                .build())
                        .getOffset());
        assertEquals(
                List.of("c"),
                values(client.log()
                        .read(ReadRequest.newBuilder()
                                .setStream("cursors")
                                .setCursor("group")
                                .build())));
        assertEquals(
                1,
                client.log()
                        .listCursors(ListCursorsRequest.newBuilder()
                                .setStream("cursors")
                                .build())
                        .getCursorsCount());
        client.log()
                .deleteCursor(DeleteCursorRequest.newBuilder()
                        .setStream("cursors")
                        .setCursor("group")
                        .build());
        var gone = assertThrows(
                StatusRuntimeException.class,
                () -> values(client.log()
                        .read(ReadRequest.newBuilder()
                                .setStream("cursors")
                                .setCursor("group")
                                .build())));
        assertEquals(
                ErrorCode.ERROR_CODE_CURSOR_NOT_FOUND, ServiceClient.error(gone).getCode());
    }

    @Test
    void flushIsABarrierOverAsynchronousAppends() {
        client.createStream("barrier");
        var acknowledged = client.log()
                .append(append("barrier", "v").toBuilder()
                        .setCommitMode(CommitMode.COMMIT_MODE_ASYNC)
                        .setReplicationMode(ReplicationMode.REPLICATION_MODE_ASYNC)
                        .build())
                .getAcknowledgement();
        var flushed = client.log().flush(FlushRequest.getDefaultInstance());
        assertTrue(flushed.getLsn() >= acknowledged.getLsnEnd());
        var report = client.log()
                .watchDurability(WatchDurabilityRequest.newBuilder()
                        .setIntervalMillis(10)
                        .setMaxReports(3)
                        .build());
        var reports = 0;
        while (report.hasNext()) {
            var next = report.next();
            reports++;
            assertTrue(next.getQuorumFlushedLsn() >= acknowledged.getLsnEnd());
            assertEquals(3 * next.getWriterDelayMicros(), next.getRiskWindowBoundMicros());
        }
        assertEquals(3, reports);
    }

    @Test
    void theReplicaSaysWhoLeadsAndHowItStands() {
        var leader = client.log().whoLeads(WhoLeadsRequest.getDefaultInstance()).getLeader();
        assertEquals(host.clientAddress(), leader.getAddress());
        var cluster = client.log().describeCluster(DescribeClusterRequest.getDefaultInstance());
        assertEquals(1, cluster.getReplicasCount());
        assertEquals("Leader", cluster.getReplicas(0).getRole());
        assertFalse(cluster.getIoMethod().isEmpty());
        var status = client.control().getStatus(GetStatusRequest.getDefaultInstance());
        assertEquals(State.STATE_LEADER, status.getState());
        assertEquals(cluster.getClusterId(), status.getClusterId());
        assertTrue(status.getAllVotersInSync());
        assertTrue(status.getDiskFreeBytes() > 0);
        // The same again changes nothing, another id is refused.
        var same = BootstrapRequest.newBuilder()
                .setClusterId(status.getClusterId())
                .addAllVoters(status.getVotersList())
                .build();
        assertTrue(client.control().bootstrap(same).getAlready());
        var other = same.toBuilder().setClusterId(Uuids.wire(UUID.randomUUID())).build();
        assertThrows(StatusRuntimeException.class, () -> client.control().bootstrap(other));
    }

    @Test
    void settingsChangeWhileItRunsAndOldOnesAreRefused() {
        var before = client.control().getStatus(GetStatusRequest.getDefaultInstance());
        var generation = before.getSettingsGeneration() + 5;
        client.control()
                .applySettings(ApplySettingsRequest.newBuilder()
                        .setGeneration(generation)
                        .setSettings(Settings.newBuilder().setWriterDelayMicros(20_000))
                        .build());
        var after = client.control().getStatus(GetStatusRequest.getDefaultInstance());
        assertEquals(generation, after.getSettingsGeneration());
        assertEquals(20_000, after.getSettings().getWriterDelayMicros());
        assertEquals(before.getSettings().getPendingBytes(), after.getSettings().getPendingBytes());
        assertThrows(
                StatusRuntimeException.class,
                () -> client.control()
                        .applySettings(ApplySettingsRequest.newBuilder()
                                .setGeneration(generation - 1)
                                .build()));
        var outOfBounds = assertThrows(
                StatusRuntimeException.class,
                () -> client.control()
                        .applySettings(ApplySettingsRequest.newBuilder()
                                .setGeneration(generation + 1)
                                .setSettings(Settings.newBuilder().setWriterDelayMicros(1))
                                .build()));
        assertTrue(outOfBounds.toString().contains("writer_delay_micros is 1: allowed is 1000 to 10000000"));
    }

    @Test
    void healthAndReflectionAnswerOnTheSamePort() {
        var health = HealthGrpc.newBlockingStub(client.channel());
        assertEquals(
                ServingStatus.SERVING,
                health.check(HealthCheckRequest.getDefaultInstance()).getStatus());
        assertEquals(
                ServingStatus.SERVING,
                health.watch(HealthCheckRequest.getDefaultInstance()).next().getStatus());
        var replies = new ReplySink<ServerReflectionResponse>();
        var requests = ServerReflectionGrpc.newStub(client.channel()).serverReflectionInfo(replies);
        requests.onNext(
                ServerReflectionRequest.newBuilder().setListServices("*").build());
        var services = replies.next().getListServicesResponse().getServiceList().stream()
                .map(service -> service.getName())
                .toList();
        assertTrue(services.contains("taffrail.log.v1.Log"), services.toString());
        requests.onNext(ServerReflectionRequest.newBuilder()
                .setFileContainingSymbol("taffrail.log.v1.Log")
                .build());
        assertTrue(replies.next().getFileDescriptorResponse().getFileDescriptorProtoCount() > 0);
        requests.onCompleted();
        assertNull(replies.awaitEnd());
    }

    @Test
    void aForcedRecoveryIsRefusedWhileSomebodyLeads() {
        var before = client.control().getStatus(GetStatusRequest.getDefaultInstance());
        var plan = ForceRecoveryRequest.newBuilder().addSurvivorNodeIds(before.getNodeId());
        var led = assertThrows(
                StatusRuntimeException.class, () -> client.control().forceRecovery(plan.build()));
        assertTrue(String.valueOf(led.getMessage()).contains("leads epoch"), led.getMessage());
        var act = plan.clone()
                .setAcceptDataLoss(before.getClusterId())
                .setExpectedLastLsn(before.getReceivedLsn())
                .setRequestId(Uuids.wire(new UUID(1, 2)));
        assertThrows(StatusRuntimeException.class, () -> client.control().forceRecovery(act.build()));
        var nameless = assertThrows(
                StatusRuntimeException.class,
                () -> client.control()
                        .forceRecovery(act.clone().clearRequestId().build()));
        assertTrue(String.valueOf(nameless.getMessage()).contains("request_id"), nameless.getMessage());
        var nobody = assertThrows(
                StatusRuntimeException.class,
                () -> client.control().forceRecovery(ForceRecoveryRequest.getDefaultInstance()));
        assertTrue(String.valueOf(nobody.getMessage()).contains("survivor_node_ids"), nobody.getMessage());
        var after = client.control().getStatus(GetStatusRequest.getDefaultInstance());
        assertEquals(before.getHistoryId(), after.getHistoryId());
        assertEquals(0, after.getFormerHistoryIdsCount());
    }

    @Test
    void aLinearizableReadSeesWhatWasAcknowledgedBeforeIt() {
        client.createStream("linear");
        for (var i = 1; i <= 20; i++) {
            client.log().append(append("linear", "v" + i));
            assertEquals(
                    i,
                    values(client.log()
                                    .read(fromStart("linear")
                                            .setLinearizable(true)
                                            .build()))
                            .size());
            var described = client.log()
                    .describeStream(DescribeStreamRequest.newBuilder()
                            .setStream("linear")
                            .setLinearizable(true)
                            .build());
            assertEquals(i, described.getNextOffset());
            assertEquals(i, described.getDurableNextOffset());
        }
    }

    @Test
    void aReplicaThatIsBehindTheReaderWaitsNoLongerThanAsked() {
        client.createStream("behind");
        client.log().append(append("behind", "v"));
        var seen = client.log().read(fromStart("behind").build()).next().getPosition();
        var ahead = seen.toBuilder().setLsn(seen.getLsn() + (1L << 40));
        var refused = assertThrows(
                StatusRuntimeException.class,
                () -> client.log()
                        .read(fromStart("behind")
                                .setAfter(ahead)
                                .setMaxWaitMillis(50)
                                .build())
                        .next());
        assertEquals(
                ErrorCode.ERROR_CODE_RECOVERING, ServiceClient.error(refused).getCode());
        var tooLong = assertThrows(
                StatusRuntimeException.class,
                () -> client.log()
                        .read(fromStart("behind").setMaxWaitMillis(10_001).build())
                        .next());
        assertEquals(Status.Code.INVALID_ARGUMENT, tooLong.getStatus().getCode());
    }
}
