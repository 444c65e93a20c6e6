package io.taffrail.operator.stream;

import io.taffrail.operator.control.CallOutcome;
import io.taffrail.operator.control.ReplicaAddress;
import io.taffrail.operator.control.ReplicaChannels;
import io.taffrail.operator.control.ReplicaChannels.Credentials;
import io.taffrail.operator.observe.ControlMapping;
import io.taffrail.operator.stream.ObservedStream.Config;
import io.taffrail.proto.log.CreateStreamRequest;
import io.taffrail.proto.log.DeleteStreamRequest;
import io.taffrail.proto.log.DescribeStreamRequest;
import io.taffrail.proto.log.StreamConfig;
import io.taffrail.proto.log.StreamDescription;
import io.taffrail.proto.log.UpdateStreamRequest;
import org.jspecify.annotations.Nullable;

/// The log service of one cluster's leader, as far as streams are managed.
final class StreamCalls {
    static final String NOT_FOUND = "STREAM_NOT_FOUND";

    private final ReplicaChannels channels;
    private final ReplicaAddress leader;
    private final @Nullable Credentials credentials;

    StreamCalls(ReplicaChannels channels, ReplicaAddress leader, @Nullable Credentials credentials) {
        this.channels = channels;
        this.leader = leader;
        this.credentials = credentials;
    }

    /// `Refused` with [#NOT_FOUND]: this replica knows of no such stream. One that led before may be behind.
    CallOutcome<ObservedStream> describe(String stream) {
        return describe(stream, false);
    }

    /// `Refused` with [#NOT_FOUND]: there is no such stream. It takes the leader of now, and one round to a majority.
    CallOutcome<ObservedStream> describeForCertain(String stream) {
        return describe(stream, true);
    }

    private CallOutcome<ObservedStream> describe(String stream, boolean linearizable) {
        var request = DescribeStreamRequest.newBuilder()
                .setStream(stream)
                .setLinearizable(linearizable)
                .build();
        return channels.log(leader, credentials, stub -> seen(stub.describeStream(request)));
    }

    CallOutcome<ObservedStream> create(String stream, Config config) {
        var request = CreateStreamRequest.newBuilder()
                .setStream(stream)
                .setConfig(proto(config))
                .build();
        return channels.log(leader, credentials, stub -> seen(stub.createStream(request)));
    }

    CallOutcome<ObservedStream> update(String stream, Config config) {
        var request = UpdateStreamRequest.newBuilder()
                .setStream(stream)
                .setConfig(proto(config))
                .build();
        return channels.log(leader, credentials, stub -> seen(stub.updateStream(request)));
    }

    CallOutcome<?> delete(String stream) {
        var request = DeleteStreamRequest.newBuilder().setStream(stream).build();
        return channels.log(leader, credentials, stub -> stub.deleteStream(request));
    }

    private static ObservedStream seen(StreamDescription description) {
        var config = description.getConfig();
        return new ObservedStream(
                Long.toUnsignedString(description.getStreamId()),
                new Config(
                        ControlMapping.mode(config.getCommitMode()),
                        ControlMapping.mode(config.getReplicationMode()),
                        ControlMapping.mode(config.getMinimumCommitMode()),
                        ControlMapping.mode(config.getMinimumReplicationMode()),
                        config.getRetentionMillis(),
                        config.getRetentionBytes(),
                        config.getLabelsMap()));
    }

    private static StreamConfig proto(Config config) {
        var proto = StreamConfig.newBuilder()
                .setRetentionMillis(config.retentionMillis())
                .setRetentionBytes(config.retentionBytes())
                .putAllLabels(config.labels());
        if (config.commitMode() != null) {
            proto.setCommitMode(ControlMapping.mode(config.commitMode()));
        }
        if (config.replicationMode() != null) {
            proto.setReplicationMode(ControlMapping.mode(config.replicationMode()));
        }
        if (config.minimumCommitMode() != null) {
            proto.setMinimumCommitMode(ControlMapping.mode(config.minimumCommitMode()));
        }
        if (config.minimumReplicationMode() != null) {
            proto.setMinimumReplicationMode(ControlMapping.mode(config.minimumReplicationMode()));
        }
        return proto.build();
    }
}
