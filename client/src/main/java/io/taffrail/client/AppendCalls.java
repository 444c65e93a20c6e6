package io.taffrail.client;

import io.grpc.CallOptions;
import io.taffrail.proto.log.CommitMode;
import io.taffrail.proto.log.ReplicationMode;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/// The calls on which the appenders of a client send, shared by all that ask for the same level at the same endpoint:
/// a call costs the service and the transport more than most batches do. Levels have calls of their own because
/// acknowledgements of a call come in the order of its requests. Any thread.
final class AppendCalls {
    // gRPC's own 32 KiB would let one batch of ours out at a time.
    private static final int OUTBOUND_BUFFER_BYTES = 2 << 20;

    private record Key(Endpoint endpoint, CommitMode commitMode, ReplicationMode replicationMode) {}

    private final Connections connections;
    private final AtomicLong appenders = new AtomicLong();
    private final Map<Key, AppendCall> newest = new HashMap<>();
    private long ordinals;

    AppendCalls(Connections connections) {
        this.connections = connections;
    }

    /// By which the answers to an appender are known on any call; never used twice.
    long nextAppender() {
        return appenders.getAndIncrement();
    }

    /// A part in a call that is newer than `afterCall`, the last that this appender had left; what is said from here
    /// on is the listener's. Throws CLOSED if the client was closed.
    AppendCall.Session join(
            Endpoint endpoint, AppenderConfig config, long appender, long afterCall, AppendCall.Listener listener) {
        var key = new Key(endpoint, config.commitMode(), config.replicationMode());
        synchronized (newest) {
            var shared = newest.get(key);
            var session = shared == null || shared.ordinal() <= afterCall ? null : shared.join(appender, listener);
            if (session != null) {
                return session;
            }
            var link = connections.link(endpoint);
            var call = new AppendCall(
                    link.channel()
                            .newCall(
                                    AppendMessage.APPEND_STREAM,
                                    CallOptions.DEFAULT.withOnReadyThreshold(OUTBOUND_BUFFER_BYTES)),
                    link.thread(),
                    ordinals++);
            newest.put(key, call);
            return call.begin(appender, listener);
        }
    }
}
