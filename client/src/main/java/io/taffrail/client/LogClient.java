package io.taffrail.client;

import io.taffrail.proto.control.ReplicaStatus;
import io.taffrail.proto.log.ClusterDescription;
import io.taffrail.proto.log.CommitCursorRequest;
import io.taffrail.proto.log.CommitMode;
import io.taffrail.proto.log.CreateStreamRequest;
import io.taffrail.proto.log.CursorDescription;
import io.taffrail.proto.log.DeleteCursorRequest;
import io.taffrail.proto.log.DeleteStreamRequest;
import io.taffrail.proto.log.DescribeClusterRequest;
import io.taffrail.proto.log.DescribeStreamRequest;
import io.taffrail.proto.log.DurabilityReport;
import io.taffrail.proto.log.FenceStreamRequest;
import io.taffrail.proto.log.FlushRequest;
import io.taffrail.proto.log.FlushResponse;
import io.taffrail.proto.log.GetCursorRequest;
import io.taffrail.proto.log.LeaderHint;
import io.taffrail.proto.log.ListCursorsRequest;
import io.taffrail.proto.log.ListStreamsRequest;
import io.taffrail.proto.log.LogGrpc;
import io.taffrail.proto.log.RegisterProducerRequest;
import io.taffrail.proto.log.ReplicationMode;
import io.taffrail.proto.log.StreamConfig;
import io.taffrail.proto.log.StreamDescription;
import io.taffrail.proto.log.TrimStreamRequest;
import io.taffrail.proto.log.UpdateStreamRequest;
import io.taffrail.proto.log.WatchDurabilityRequest;
import io.taffrail.proto.log.WhoLeadsRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/// A cluster as a client sees it. Any thread; calls block, throw [LogClientException] and, but for the reports of
/// [#watchDurability], are bounded by the [RetryPolicy]. Closing it flushes and closes its appenders and closes its
/// readers.
public final class LogClient implements AutoCloseable {
    private static final int PAGE_SIZE = 1_000;

    private final LogClientConfig config;
    private final Connections connections;
    private final AppendCalls appendCalls;
    private final LeaderCache leaders;
    private final UnaryCalls calls;
    private final ScheduledExecutorService timer;
    private final DeliveryWatch deliveryWatch;
    private final Set<AutoCloseable> open = ConcurrentHashMap.newKeySet();

    public LogClient(LogClientConfig config) {
        this.config = config;
        this.connections = new Connections(config.tls(), config.maxResponseBytes());
        this.appendCalls = new AppendCalls(connections);
        this.leaders = new LeaderCache(config.endpoints(), connections);
        this.calls = new UnaryCalls(connections, leaders, config.endpoints(), config.retry());
        this.timer = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("taffrail-client-timer").factory());
        this.deliveryWatch = new DeliveryWatch(timer);
    }

    /// @param endpoints as in `127.0.0.1:9090`; any replicas of the cluster
    public static LogClient connect(String... endpoints) {
        var parsed = Arrays.stream(endpoints).map(Endpoint::parse).toList();
        return new LogClient(
                new LogClientConfig(parsed, null, RetryPolicy.DEFAULTS, LogClientConfig.DEFAULT_MAX_RESPONSE_BYTES));
    }

    public Appender appender(String stream) {
        return appender(stream, AppenderConfig.DEFAULTS);
    }

    /// Registers the producer, which fences whoever used its name before; tries for as long as a batch may take.
    public Appender appender(String stream, AppenderConfig appenderConfig) {
        // A name of its own where it has none: a registration that is tried again then finds the id of the first try.
        var name = appenderConfig.producerName().isEmpty()
                ? "anonymous-" + UUID.randomUUID()
                : appenderConfig.producerName();
        var producer = calls.toLeader(
                LogGrpc.getRegisterProducerMethod(),
                RegisterProducerRequest.newBuilder()
                        .setName(name)
                        .setStream(stream)
                        .build(),
                UnaryCalls.Repeat.SAFE,
                appenderConfig.deliveryTimeout());
        var appender = new Appender(
                stream,
                appenderConfig,
                producer,
                appendCalls,
                leaders,
                config.retry(),
                timer,
                deliveryWatch,
                open::remove);
        open.add(appender);
        return appender;
    }

    public Reader reader(String stream, ReaderConfig readerConfig) {
        var reader = new Reader(stream, readerConfig, connections, leaders, config.retry(), timer, open::remove);
        open.add(reader);
        return reader;
    }

    /// @param ifNotExists succeeds, and changes nothing, if the stream is there
    public StreamDescription createStream(String stream, StreamConfig streamConfig, boolean ifNotExists) {
        var request = CreateStreamRequest.newBuilder()
                .setStream(stream)
                .setConfig(streamConfig)
                .setIfNotExists(ifNotExists)
                .build();
        // Made again after it had succeeded, it would fail because the stream exists.
        var repeat = ifNotExists ? UnaryCalls.Repeat.SAFE : UnaryCalls.Repeat.ONLY_IF_REFUSED;
        return calls.toLeader(LogGrpc.getCreateStreamMethod(), request, repeat);
    }

    /// Replaces the whole configuration.
    public StreamDescription updateStream(String stream, StreamConfig streamConfig) {
        var request = UpdateStreamRequest.newBuilder()
                .setStream(stream)
                .setConfig(streamConfig)
                .build();
        return calls.toLeader(LogGrpc.getUpdateStreamMethod(), request, UnaryCalls.Repeat.SAFE);
    }

    public void deleteStream(String stream) {
        var request = DeleteStreamRequest.newBuilder().setStream(stream).build();
        calls.toLeader(LogGrpc.getDeleteStreamMethod(), request, UnaryCalls.Repeat.ONLY_IF_REFUSED);
    }

    /// @param startOffset the first to keep
    public StreamDescription trimStream(String stream, long startOffset) {
        var request = TrimStreamRequest.newBuilder()
                .setStream(stream)
                .setStartOffset(startOffset)
                .build();
        return calls.toLeader(LogGrpc.getTrimStreamMethod(), request, UnaryCalls.Repeat.SAFE);
    }

    public StreamDescription fenceStream(String stream, long fencingToken) {
        var request = FenceStreamRequest.newBuilder()
                .setStream(stream)
                .setFencingToken(fencingToken)
                .build();
        return calls.toLeader(LogGrpc.getFenceStreamMethod(), request, UnaryCalls.Repeat.SAFE);
    }

    /// As of the call, by the leader; so are the other descriptions, and cursors.
    public StreamDescription describeStream(String stream) {
        var request = DescribeStreamRequest.newBuilder()
                .setStream(stream)
                .setLinearizable(true)
                .build();
        return calls.toLeader(LogGrpc.getDescribeStreamMethod(), request, UnaryCalls.Repeat.SAFE);
    }

    /// All whose names start so, by name.
    public List<StreamDescription> listStreams(String prefix) {
        var streams = new ArrayList<StreamDescription>();
        var after = "";
        while (true) {
            var request = ListStreamsRequest.newBuilder()
                    .setPrefix(prefix)
                    .setAfter(after)
                    .setPageSize(PAGE_SIZE)
                    .setLinearizable(true)
                    .build();
            var page = calls.toLeader(LogGrpc.getListStreamsMethod(), request, UnaryCalls.Repeat.SAFE);
            streams.addAll(page.getStreamsList());
            if (!page.getMore() || page.getStreamsCount() == 0) {
                return streams;
            }
            after = page.getStreams(page.getStreamsCount() - 1).getStream();
        }
    }

    /// @param offset the next to read
    /// @param expectedOffset where the cursor must stand, or nothing is changed
    public CursorDescription commitCursor(String stream, String cursor, long offset, OptionalLong expectedOffset) {
        var request = CommitCursorRequest.newBuilder()
                .setStream(stream)
                .setCursor(cursor)
                .setOffset(offset);
        expectedOffset.ifPresent(request::setExpectedOffset);
        // Made again after it had succeeded, the expectation would be wrong.
        var repeat = expectedOffset.isEmpty() ? UnaryCalls.Repeat.SAFE : UnaryCalls.Repeat.ONLY_IF_REFUSED;
        return calls.toLeader(LogGrpc.getCommitCursorMethod(), request.build(), repeat);
    }

    public CursorDescription getCursor(String stream, String cursor) {
        var request = GetCursorRequest.newBuilder()
                .setStream(stream)
                .setCursor(cursor)
                .setLinearizable(true)
                .build();
        return calls.toLeader(LogGrpc.getGetCursorMethod(), request, UnaryCalls.Repeat.SAFE);
    }

    public List<CursorDescription> listCursors(String stream) {
        var request = ListCursorsRequest.newBuilder()
                .setStream(stream)
                .setLinearizable(true)
                .build();
        return calls.toLeader(LogGrpc.getListCursorsMethod(), request, UnaryCalls.Repeat.SAFE)
                .getCursorsList();
    }

    public void deleteCursor(String stream, String cursor) {
        var request = DeleteCursorRequest.newBuilder()
                .setStream(stream)
                .setCursor(cursor)
                .build();
        calls.toLeader(LogGrpc.getDeleteCursorMethod(), request, UnaryCalls.Repeat.ONLY_IF_REFUSED);
    }

    /// Returns once everything that anyone appended before is this safe.
    public FlushResponse flush(CommitMode commitMode, ReplicationMode replicationMode) {
        var request = FlushRequest.newBuilder()
                .setCommitMode(commitMode)
                .setReplicationMode(replicationMode)
                .build();
        return calls.toLeader(LogGrpc.getFlushMethod(), request, UnaryCalls.Repeat.SAFE);
    }

    /// The leader's watermarks and risk window at every interval. `hasNext` and `next` wait for a report without a
    /// limit, and throw [LogClientException] when the connection breaks; nothing but closing the client ends it.
    ///
    /// @param maxReports 0: until the connection ends
    public Iterator<DurabilityReport> watchDurability(int intervalMillis, int maxReports) {
        var request = WatchDurabilityRequest.newBuilder()
                .setIntervalMillis(intervalMillis)
                .setMaxReports(maxReports)
                .build();
        return calls.streamFromLeader(LogGrpc.getWatchDurabilityMethod(), request);
    }

    /// Whom a replica believes to lead; without an address if it knows of none.
    public LeaderHint whoLeads() {
        return calls.toAny(LogGrpc.getWhoLeadsMethod(), WhoLeadsRequest.getDefaultInstance())
                .getLeader();
    }

    /// As the leader sees it, since only it hears from all; if it does not answer, as some replica does.
    public ClusterDescription describeCluster() {
        var request = DescribeClusterRequest.getDefaultInstance();
        var seen = calls.toAny(LogGrpc.getDescribeClusterMethod(), request);
        var leader = Endpoint.ofHint(seen.getLeader().getAddress());
        if (leader.isEmpty()) {
            return seen;
        }
        try {
            return calls.to(leader.get(), LogGrpc.getDescribeClusterMethod(), request);
        } catch (LogClientException unreachable) {
            return seen;
        }
    }

    /// Of this one replica, in whatever state it is.
    public ReplicaStatus status(Endpoint endpoint) {
        return control().status(endpoint);
    }

    /// What operates replicas rather than uses the log.
    public ControlClient control() {
        return new ControlClient(calls);
    }

    public LogClientConfig config() {
        return config;
    }

    /// Appenders that have something to deliver, or had when they were looked at last.
    int waitingAppenders() {
        return deliveryWatch.size();
    }

    @Override
    public void close() {
        RuntimeException failed = null;
        for (var appenderOrReader : open) {
            try {
                appenderOrReader.close();
            } catch (RuntimeException lost) {
                failed = lost;
            } catch (Exception impossible) {
                throw new IllegalStateException(impossible);
            }
        }
        timer.shutdownNow();
        connections.close();
        if (failed != null) {
            throw failed;
        }
    }
}
