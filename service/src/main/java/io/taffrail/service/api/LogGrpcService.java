package io.taffrail.service.api;

import com.google.protobuf.ByteString;
import io.taffrail.proto.log.ClusterDescription;
import io.taffrail.proto.log.CommitCursorRequest;
import io.taffrail.proto.log.CreateStreamRequest;
import io.taffrail.proto.log.DeleteCursorRequest;
import io.taffrail.proto.log.DeleteCursorResponse;
import io.taffrail.proto.log.DeleteStreamRequest;
import io.taffrail.proto.log.DeleteStreamResponse;
import io.taffrail.proto.log.DescribeClusterRequest;
import io.taffrail.proto.log.DescribeStreamRequest;
import io.taffrail.proto.log.FenceStreamRequest;
import io.taffrail.proto.log.FlushRequest;
import io.taffrail.proto.log.FlushResponse;
import io.taffrail.proto.log.GetCursorRequest;
import io.taffrail.proto.log.ListCursorsRequest;
import io.taffrail.proto.log.ListCursorsResponse;
import io.taffrail.proto.log.ListStreamsRequest;
import io.taffrail.proto.log.ListStreamsResponse;
import io.taffrail.proto.log.LogGrpc;
import io.taffrail.proto.log.RegisterProducerRequest;
import io.taffrail.proto.log.RegisterProducerResponse;
import io.taffrail.proto.log.ReplicaDescription;
import io.taffrail.proto.log.StreamDescription;
import io.taffrail.proto.log.TrimStreamRequest;
import io.taffrail.proto.log.UpdateStreamRequest;
import io.taffrail.proto.log.WhoLeadsRequest;
import io.taffrail.proto.log.WhoLeadsResponse;
import io.taffrail.replication.CommandOutcome;
import io.taffrail.replication.Peer;
import io.taffrail.replication.Replica;
import io.taffrail.replication.ReplicaStatus;
import io.taffrail.service.host.ReplicaHost;
import io.taffrail.service.rpc.RpcServer;
import io.taffrail.service.rpc.RpcStatus;
import io.taffrail.service.rpc.UnaryCall;
import io.taffrail.service.telemetry.ProcessInfo;
import io.taffrail.streams.CommitMode;
import io.taffrail.streams.CorruptStateException;
import io.taffrail.streams.Durability;
import io.taffrail.streams.Refusal;
import io.taffrail.streams.ReplicationMode;
import io.taffrail.streams.StreamCommand;
import io.taffrail.streams.StreamView;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.function.Consumer;

/// `taffrail.log.v1.Log`: checks size and shape, maps to the replica's values and back, and decides nothing.
public final class LogGrpcService {
    private static final String SERVICE = LogGrpc.SERVICE_NAME + "/";
    private static final int DEFAULT_PAGE = 1_000;
    private static final int LARGEST_PAGE = 10_000;
    /// Labels make a description large; clients take messages of 4 MiB unless they are told otherwise.
    private static final int LARGEST_PAGE_BYTES = 1 << 20;

    private final ReplicaHost host;
    private final CommandCalls commands;
    private final AppendDesk appends;
    private final ReadDesk reads;
    private final ProcessInfo info;

    LogGrpcService(ReplicaHost host, AppendDesk appends, ReadDesk reads, ProcessInfo info) {
        this.host = host;
        this.appends = appends;
        this.reads = reads;
        this.info = info;
        commands = new CommandCalls(host);
    }

    void register(RpcServer server) {
        server.bulkMethod(SERVICE + "Append", call -> new AppendCall(appends, call));
        server.bulkMethod(SERVICE + "AppendStream", call -> new AppendStream(appends, call));
        server.method(SERVICE + "Read", call -> new ReadStream(reads, call));
        server.method(SERVICE + "WatchDurability", call -> new DurabilityWatch(host, info, call));
        streams(server);
        cursors(server);
        server.method(
                SERVICE + "RegisterProducer",
                UnaryCall.method(RegisterProducerRequest.parser(), this::registerProducer));
        server.method(SERVICE + "Flush", UnaryCall.method(FlushRequest.parser(), this::flush));
        server.method(SERVICE + "WhoLeads", UnaryCall.method(WhoLeadsRequest.parser(), this::whoLeads));
        server.method(
                SERVICE + "DescribeCluster", UnaryCall.method(DescribeClusterRequest.parser(), this::describeCluster));
    }

    private void streams(RpcServer server) {
        server.method(SERVICE + "CreateStream", UnaryCall.method(CreateStreamRequest.parser(), this::createStream));
        server.method(SERVICE + "UpdateStream", UnaryCall.method(UpdateStreamRequest.parser(), this::updateStream));
        server.method(SERVICE + "DeleteStream", UnaryCall.method(DeleteStreamRequest.parser(), this::deleteStream));
        server.method(SERVICE + "TrimStream", UnaryCall.method(TrimStreamRequest.parser(), this::trimStream));
        server.method(SERVICE + "FenceStream", UnaryCall.method(FenceStreamRequest.parser(), this::fenceStream));
        server.method(
                SERVICE + "DescribeStream", UnaryCall.method(DescribeStreamRequest.parser(), this::describeStream));
        server.method(SERVICE + "ListStreams", UnaryCall.method(ListStreamsRequest.parser(), this::listStreams));
    }

    private void cursors(RpcServer server) {
        server.method(SERVICE + "CommitCursor", UnaryCall.method(CommitCursorRequest.parser(), this::commitCursor));
        server.method(SERVICE + "GetCursor", UnaryCall.method(GetCursorRequest.parser(), this::getCursor));
        server.method(SERVICE + "ListCursors", UnaryCall.method(ListCursorsRequest.parser(), this::listCursors));
        server.method(SERVICE + "DeleteCursor", UnaryCall.method(DeleteCursorRequest.parser(), this::deleteCursor));
    }

    private void createStream(CreateStreamRequest request, UnaryCall call) {
        try {
            var command = new StreamCommand.CreateStream(
                    request.getStream(), StreamMessages.config(request.getConfig()), request.getIfNotExists());
            commands.execute(call, command, replica -> description(replica, request.getStream()));
        } catch (StreamMessages.InvalidField invalid) {
            call.refuse(GrpcStatusMapping.invalid(String.valueOf(invalid.getMessage())));
        }
    }

    private void updateStream(UpdateStreamRequest request, UnaryCall call) {
        try {
            var command =
                    new StreamCommand.UpdateStream(request.getStream(), StreamMessages.config(request.getConfig()));
            commands.execute(call, command, replica -> description(replica, request.getStream()));
        } catch (StreamMessages.InvalidField invalid) {
            call.refuse(GrpcStatusMapping.invalid(String.valueOf(invalid.getMessage())));
        }
    }

    private void deleteStream(DeleteStreamRequest request, UnaryCall call) {
        commands.execute(
                call,
                new StreamCommand.DeleteStream(request.getStream()),
                replica -> DeleteStreamResponse.getDefaultInstance());
    }

    private void trimStream(TrimStreamRequest request, UnaryCall call) {
        commands.execute(
                call,
                new StreamCommand.TrimStream(request.getStream(), request.getStartOffset()),
                replica -> description(replica, request.getStream()));
    }

    private void fenceStream(FenceStreamRequest request, UnaryCall call) {
        try {
            var command = new StreamCommand.FenceStream(
                    request.getStream(), StreamMessages.notNegative("fencing_token", request.getFencingToken()));
            commands.execute(call, command, replica -> description(replica, request.getStream()));
        } catch (StreamMessages.InvalidField invalid) {
            call.refuse(GrpcStatusMapping.invalid(String.valueOf(invalid.getMessage())));
        }
    }

    private static StreamDescription description(Replica replica, String stream) {
        var view = replica.streams().stream(stream);
        if (view == null) {
            throw new CommandCalls.NoLongerThere("stream \"" + stream + "\" was changed, and deleted since");
        }
        return StreamMessages.describe(view);
    }

    /// Only a replica that is sure to lead knows what holds at the time of a linearizable call; `answer` then runs on
    /// a read thread. Any other call is answered as far as this replica knows.
    private void answer(UnaryCall call, boolean linearizable, Consumer<Replica> answer) {
        commands.withReplica(call, replica -> {
            if (!linearizable) {
                answer.accept(replica);
                return;
            }
            replica.readIndex(outcome -> {
                switch (outcome) {
                    case CommandOutcome.Done _ ->
                        reads.threads().execute(() -> call.guarded(() -> answer.accept(replica)));
                    case CommandOutcome.NotDone notDone -> commands.refuse(call, notDone);
                }
            });
        });
    }

    private void describeStream(DescribeStreamRequest request, UnaryCall call) {
        answer(call, request.getLinearizable(), replica -> {
            var view = replica.streams().stream(request.getStream());
            if (view == null) {
                call.refuse(streamNotFound(request.getStream()));
            } else if (request.getLinearizable()) {
                call.answer(withDurableEnd(replica, view));
            } else {
                call.answer(StreamMessages.describe(view));
            }
        });
    }

    /// Where a stream ends for readers may stand in an index file. One that is damaged hides that and nothing else.
    private static StreamDescription withDurableEnd(Replica replica, StreamView view) {
        var description = StreamMessages.describe(view);
        var visibleLsn = ReadDesk.visibleLsn(replica, ReadDesk.Isolation.DURABLE);
        try {
            var tail = StreamTail.nextOffset(replica.streams(), view, view.startOffset(), visibleLsn);
            return description.toBuilder().setDurableNextOffset(tail).build();
        } catch (CorruptStateException damaged) {
            return description;
        }
    }

    private static RpcStatus streamNotFound(String stream) {
        return GrpcStatusMapping.status(
                Refusal.of(Refusal.Code.STREAM_NOT_FOUND, "stream \"" + stream + "\" does not exist"), null);
    }

    private void listStreams(ListStreamsRequest request, UnaryCall call) {
        var page = request.getPageSize() == 0 ? DEFAULT_PAGE : request.getPageSize();
        if (page < 0 || page > LARGEST_PAGE) {
            call.refuse(GrpcStatusMapping.invalid("page_size is " + Integer.toUnsignedString(page) + ": allowed is 0 ("
                    + DEFAULT_PAGE + ") to " + LARGEST_PAGE));
            return;
        }
        answer(call, request.getLinearizable(), replica -> {
            var found = replica.streams().streams(request.getPrefix(), request.getAfter(), page + 1);
            var response = ListStreamsResponse.newBuilder();
            var bytes = 0;
            for (var view : found.subList(0, Math.min(page, found.size()))) {
                var stream = StreamMessages.describe(view);
                bytes += stream.getSerializedSize();
                if (bytes > LARGEST_PAGE_BYTES && response.getStreamsCount() > 0) {
                    break;
                }
                response.addStreams(stream);
            }
            call.answer(
                    response.setMore(response.getStreamsCount() < found.size()).build());
        });
    }

    private void registerProducer(RegisterProducerRequest request, UnaryCall call) {
        commands.execute(
                call,
                new StreamCommand.RegisterProducer(request.getProducerId(), request.getName()),
                (replica, done) -> registered(replica, request.getStream(), done.lsn()));
    }

    /// By the registration's own entry: another one of the same producer may have followed, and has fenced this one.
    private static RegisterProducerResponse registered(Replica replica, String stream, long endLsn) {
        var streams = replica.streams();
        var producer = streams.registration(endLsn);
        if (producer == null) {
            throw new CommandCalls.NoLongerThere("the producer was registered, and has expired since");
        }
        var response = RegisterProducerResponse.newBuilder()
                .setProducerId(producer.producerId())
                .setEpoch(producer.epoch());
        if (!stream.isEmpty()) {
            var progress = streams.progress(producer.producerId(), stream);
            response.setAppendedRecords(progress.appendedRecords());
            progress.lastOffset().ifPresent(response::setLastOffset);
        }
        return response.build();
    }

    private void commitCursor(CommitCursorRequest request, UnaryCall call) {
        try {
            var expected = request.hasExpectedOffset()
                    ? OptionalLong.of(StreamMessages.notNegative("expected_offset", request.getExpectedOffset()))
                    : OptionalLong.empty();
            var command = new StreamCommand.CommitCursor(
                    request.getStream(),
                    request.getCursor(),
                    StreamMessages.notNegative("offset", request.getOffset()),
                    expected);
            commands.execute(call, command, replica -> {
                var cursor = replica.streams().cursor(request.getStream(), request.getCursor());
                if (cursor == null) {
                    throw new CommandCalls.NoLongerThere("the cursor was committed, and deleted since");
                }
                return StreamMessages.describe(cursor);
            });
        } catch (StreamMessages.InvalidField invalid) {
            call.refuse(GrpcStatusMapping.invalid(String.valueOf(invalid.getMessage())));
        }
    }

    private void getCursor(GetCursorRequest request, UnaryCall call) {
        answer(call, request.getLinearizable(), replica -> {
            var cursor = replica.streams().cursor(request.getStream(), request.getCursor());
            if (cursor == null) {
                call.refuse(GrpcStatusMapping.status(
                        Refusal.of(
                                Refusal.Code.CURSOR_NOT_FOUND,
                                "stream \"" + request.getStream() + "\" has no cursor \"" + request.getCursor() + "\""),
                        null));
            } else {
                call.answer(StreamMessages.describe(cursor));
            }
        });
    }

    private void listCursors(ListCursorsRequest request, UnaryCall call) {
        answer(call, request.getLinearizable(), replica -> {
            if (replica.streams().stream(request.getStream()) == null) {
                call.refuse(streamNotFound(request.getStream()));
                return;
            }
            var response = ListCursorsResponse.newBuilder();
            replica.streams().cursors(request.getStream()).stream()
                    .map(StreamMessages::describe)
                    .forEach(response::addCursors);
            call.answer(response.build());
        });
    }

    private void deleteCursor(DeleteCursorRequest request, UnaryCall call) {
        commands.execute(
                call,
                new StreamCommand.DeleteCursor(request.getStream(), request.getCursor()),
                replica -> DeleteCursorResponse.getDefaultInstance());
    }

    private void flush(FlushRequest request, UnaryCall call) {
        try {
            var commitMode = StreamMessages.commitMode("commit_mode", request.getCommitModeValue());
            var replicationMode = StreamMessages.replicationMode("replication_mode", request.getReplicationModeValue());
            var durability = new Durability(
                    commitMode == null ? CommitMode.SYNC : commitMode,
                    replicationMode == null ? ReplicationMode.QUORUM : replicationMode);
            commands.withReplica(
                    call,
                    replica -> replica.flush(
                            durability,
                            outcome -> commands.ended(
                                    call,
                                    outcome,
                                    done -> FlushResponse.newBuilder()
                                            .setLsn(done.lsn())
                                            .setEpoch(done.epoch())
                                            .build())));
        } catch (StreamMessages.InvalidField invalid) {
            call.refuse(GrpcStatusMapping.invalid(String.valueOf(invalid.getMessage())));
        }
    }

    private void whoLeads(WhoLeadsRequest request, UnaryCall call) {
        var response = WhoLeadsResponse.newBuilder();
        var status = host.status();
        var leader = status == null ? null : GrpcStatusMapping.leaderHint(status);
        if (leader != null) {
            response.setLeader(leader);
        }
        call.answer(response.build());
    }

    private void describeCluster(DescribeClusterRequest request, UnaryCall call) {
        commands.withReplica(call, replica -> {
            var status = host.status();
            call.answer(clusterDescription(replica, status == null ? replica.status() : status));
        });
    }

    private ClusterDescription clusterDescription(Replica replica, ReplicaStatus status) {
        var defaults = replica.settings().streams().durability();
        var description = ClusterDescription.newBuilder()
                .setClusterId(Uuids.wire(status.clusterId()))
                .setHistoryId(status.historyId() == null ? ByteString.EMPTY : Uuids.wire(status.historyId()))
                .setVersion(info.version())
                .setDefaultCommitMode(StreamMessages.wire(defaults.commitMode()))
                .setDefaultReplicationMode(StreamMessages.wire(defaults.replicationMode()))
                .setStartLsn(status.startLsn())
                .setEndLsn(replica.watermarks().leaderReceived())
                .setStreamCount(replica.streams().streamCount())
                .setIoMethod(info.ioMethod())
                .setIoMethodReason(info.ioMethodReason());
        var leader = GrpcStatusMapping.leaderHint(status);
        if (leader != null) {
            description.setLeader(leader);
        }
        status.voters().forEach(peer -> description.addReplicas(replicaDescription(replica, status, peer, true)));
        status.learners().forEach(peer -> description.addReplicas(replicaDescription(replica, status, peer, false)));
        return description.build();
    }

    private static ReplicaDescription replicaDescription(
            Replica replica, ReplicaStatus status, Peer peer, boolean voter) {
        var description = ReplicaDescription.newBuilder()
                .setNodeId(peer.nodeId())
                .setAddress(peer.clientAddress())
                .setVoter(voter);
        var leader = status.leader();
        if (peer.nodeId() == status.nodeId()) {
            var watermarks = replica.watermarks();
            return description
                    .setRole(role(status.state()))
                    .setIntegrity(camelCase(status.integrity().name()))
                    .setInSync(status.state() == ReplicaStatus.State.LEADER)
                    .setReceivedLsn(watermarks.leaderReceived())
                    .setFlushedLsn(watermarks.leaderFlushed())
                    .build();
        }
        description.setRole(
                leader != null && leader.nodeId() == peer.nodeId() ? "Leader" : voter ? "Follower" : "Learner");
        for (var follower : status.followers()) {
            if (follower.nodeId() == peer.nodeId()) {
                description
                        .setIntegrity(camelCase(follower.integrity().name()))
                        .setInSync(follower.inSync())
                        .setReceivedLsn(follower.receivedLsn())
                        .setFlushedLsn(follower.flushedLsn());
            }
        }
        return description.build();
    }

    private static String role(ReplicaStatus.State state) {
        return switch (state) {
            case LEADER, LEADER_OPENING -> "Leader";
            case FOLLOWER -> "Follower";
            case CANDIDATE -> "Candidate";
            case LEARNER -> "Learner";
            case UNINITIALIZED, STOPPING, FAILED -> "Fenced";
        };
    }

    private static String camelCase(String constant) {
        return constant.charAt(0) + constant.substring(1).toLowerCase(Locale.ROOT);
    }
}
