package io.taffrail.service.peer;

import io.taffrail.replication.Replica;
import io.taffrail.replication.port.Network;
import io.taffrail.service.rpc.FrameBuffer;
import io.taffrail.service.rpc.HostPort;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.impl.VertxInternal;
import io.vertx.core.net.SSLOptions;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Sends frames to the other replicas: one connection each, made again with growing pauses when it is lost. A frame
/// that cannot be sent is dropped; the protocol sends what matters again.
public final class PeerClient implements Network {
    private static final Logger LOG = Logger.getLogger(PeerClient.class);
    private static final long FIRST_PAUSE_MILLIS = 50;
    private static final long LONGEST_PAUSE_MILLIS = 1_000;
    private static final int CONNECT_TIMEOUT_MILLIS = 1_000;
    private static final int PING_BYTES = 8;
    /// A machine that is cut off or stands still takes no frame and closes no connection, and TCP gives it a quarter of
    /// an hour; meanwhile its pod may have a successor under the same name.
    private static final long SILENCE_MILLIS_MAX = 15_000;
    /// In the longest silence; after each of them nothing was heard.
    private static final int PINGS = 5;
    private static final int STREAM_WINDOW_BYTES = 1 << 20;
    private static final int CONNECTION_WINDOW_BYTES = 8 << 20;
    /// A peer that takes nothing: what is beyond this is dropped. The replica ships less than this of its own.
    private static final long MOST_UNSENT_BYTES = 128L << 20;
    /// Frames that are sent in one piece.
    private static final int LARGEST_WRITE_BYTES = 1 << 20;

    private final Vertx vertx;
    private final HttpClientOptions options;
    private final boolean tls;
    private final int nodeId;
    private final long silenceMillis;
    private final Supplier<@Nullable Replica> replica;
    private final PeerCalls calls;
    private final Map<Integer, Link> links = new ConcurrentHashMap<>();
    /// What TLS was changed to since the start.
    private volatile @Nullable SSLOptions newestTls;
    private volatile boolean closed;

    /// @param calls of the other nodes, which tell of their newest processes
    public PeerClient(
            Vertx vertx,
            int nodeId,
            @Nullable HttpClientOptions tls,
            Supplier<@Nullable Replica> replica,
            PeerCalls calls) {
        this(vertx, nodeId, tls, replica, calls, SILENCE_MILLIS_MAX);
    }

    PeerClient(
            Vertx vertx,
            int nodeId,
            @Nullable HttpClientOptions tls,
            Supplier<@Nullable Replica> replica,
            PeerCalls calls,
            long silenceMillis) {
        this.vertx = vertx;
        this.calls = calls;
        this.silenceMillis = silenceMillis;
        this.nodeId = nodeId;
        this.tls = tls != null;
        this.replica = replica;
        options = (tls == null ? new HttpClientOptions() : new HttpClientOptions(tls))
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false)
                .setHttp2MaxPoolSize(1)
                .setHttp2ConnectionWindowSize(CONNECTION_WINDOW_BYTES)
                .setInitialSettings(new Http2Settings().setInitialWindowSize(STREAM_WINDOW_BYTES))
                .setConnectTimeout(CONNECT_TIMEOUT_MILLIS)
                .setHttp2KeepAliveTimeout(0)
                .setTcpNoDelay(true)
                .setTcpKeepAlive(true);
        calls.whenTaken(caller -> {
            var link = links.get(caller);
            if (link != null) {
                link.onContext.execute(link::leaveIfOver);
            }
        });
    }

    @Override
    public void send(int toNodeId, ByteBuffer frame) {
        var link = links.get(toNodeId);
        if (link != null) {
            link.send(frame);
        }
    }

    @Override
    public long unsentBytes(int toNodeId) {
        var link = links.get(toNodeId);
        return link == null ? 0 : link.unsentBytes.get();
    }

    @Override
    public void locate(int toNodeId, String peerAddress) {
        if (toNodeId == nodeId || closed) {
            return;
        }
        var target = HostPort.parse(peerAddress);
        if (target == null) {
            // No exception: it would end the process, and each one after it that finds the member in its metadata.
            LOG.warnf("node %s has the peer address \"%s\": allowed is %s", toNodeId, peerAddress, HostPort.ALLOWED);
            return;
        }
        var link = links.get(toNodeId);
        if (link != null && link.address.equals(peerAddress)) {
            return;
        }
        if (link != null) {
            link.stop();
        }
        var located = new Link(toNodeId, peerAddress, target);
        links.put(toNodeId, located);
        located.context.runOnContext(start -> located.connect());
    }

    /// For connections that are made from now on.
    public Future<?> updateTls(SSLOptions newest) {
        newestTls = newest;
        return Future.join(links.values().stream()
                .map(link -> link.client.updateSSLOptions(newest))
                .toList());
    }

    private HttpClient newClient() {
        var made = vertx.createHttpClient(options);
        var newest = newestTls;
        if (newest != null) {
            var _ = made.updateSSLOptions(newest);
        }
        return made;
    }

    public void close() {
        closed = true;
        links.values().forEach(Link::stop);
    }

    /// For [#replica]'s own loop, in the order of events.
    private void tellConnected(int peer, boolean connected) {
        var told = replica.get();
        if (told != null) {
            told.connected(peer, connected);
        }
    }

    /// To one node. Everything but `send`, `stop` and the queue is its context's.
    private final class Link {
        private final int peer;
        private final String address;
        private final HostPort target;
        private final Context context = ((VertxInternal) vertx).createEventLoopContext();
        /// Of this link alone: the connection that it may wait for in vain goes with it.
        private volatile HttpClient client = newClient();
        private final Executor onContext = task -> context.runOnContext(run -> task.run());
        private final ConcurrentLinkedQueue<ByteBuffer> queue = new ConcurrentLinkedQueue<>();
        private final AtomicBoolean drainDue = new AtomicBoolean();
        private final AtomicLong unsentBytes = new AtomicLong();
        private volatile boolean stopped;
        private volatile boolean up;
        private @Nullable HttpClientRequest request;
        private @Nullable PeerIdentity answering;
        private long upSinceNanos;
        private long pauseMillis = FIRST_PAUSE_MILLIS;
        private boolean warned;

        Link(int peer, String address, HostPort target) {
            this.peer = peer;
            this.address = address;
            this.target = target;
        }

        void send(ByteBuffer frame) {
            var bytes = frame.remaining();
            if (!up || unsentBytes.get() + bytes > MOST_UNSENT_BYTES) {
                return;
            }
            unsentBytes.addAndGet(bytes);
            queue.add(frame);
            if (drainDue.compareAndSet(false, true)) {
                onContext.execute(this::drain);
            }
        }

        private void drain() {
            drainDue.set(false);
            var current = request;
            if (current == null || !up) {
                dropQueued();
                return;
            }
            while (!queue.isEmpty() && !current.writeQueueFull()) {
                write(current);
            }
        }

        /// Takes up to [#LARGEST_WRITE_BYTES] off the queue and writes them together.
        private void write(HttpClientRequest current) {
            var frames = new FrameBuffer(4 << 10);
            var bytes = 0;
            for (var frame = queue.peek(); frame != null; frame = queue.peek()) {
                if (bytes > 0 && bytes + frame.remaining() > LARGEST_WRITE_BYTES) {
                    break;
                }
                queue.remove();
                bytes += frame.remaining();
                frames.beginMessage();
                frames.lengthField(PeerProtocol.MESSAGE_FIELD, frame.remaining());
                frames.raw(frame);
                frames.endMessage();
            }
            var written = bytes;
            current.write(frames.take()).onComplete(done -> unsentBytes.addAndGet(-written));
        }

        private void dropQueued() {
            for (var frame = queue.poll(); frame != null; frame = queue.poll()) {
                unsentBytes.addAndGet(-frame.remaining());
            }
        }

        void connect() {
            if (stopped || closed) {
                return;
            }
            var options = new RequestOptions()
                    .setMethod(HttpMethod.POST)
                    .setHost(target.host())
                    .setPort(target.port())
                    .setSsl(tls)
                    .setURI("/" + PeerProtocol.METHOD)
                    .putHeader("content-type", "application/grpc")
                    .putHeader("te", "trailers")
                    .putHeader(PeerProtocol.NODE_ID_HEADER, Integer.toString(nodeId));
            var own = replica.get();
            var clusterId = own == null ? null : own.status().clusterId();
            if (clusterId != null) {
                options.putHeader(PeerProtocol.CLUSTER_ID_HEADER, clusterId.toString());
            }
            if (own != null) {
                options.putHeader(
                                PeerProtocol.STORAGE_ID_HEADER,
                                own.status().storageId().toString())
                        .putHeader(
                                PeerProtocol.INCARNATION_HEADER,
                                Long.toString(own.status().incarnation()));
            }
            // Whoever has accepted a connection and stands still says nothing on it, and no call begins that could be
            // watched.
            client.request(options)
                    .timeout(silenceMillis, TimeUnit.MILLISECONDS)
                    .onComplete(made -> onContext.execute(() -> {
                        if (made.succeeded()) {
                            begin(made.result());
                        } else {
                            leaveIfSilent(made.cause());
                            lost(made.cause().getMessage());
                        }
                    }));
        }

        /// The client would give the next call the connection that it waits for.
        private void leaveIfSilent(Throwable cause) {
            if (cause instanceof TimeoutException && !stopped) {
                var silent = client;
                client = newClient();
                silent.close();
            }
        }

        private void begin(HttpClientRequest begun) {
            if (stopped) {
                begun.reset();
                return;
            }
            request = begun;
            watch(begun, SignsOfLife.on(begun.connection()));
            begun.setChunked(true);
            begun.exceptionHandler(failure -> onContext.execute(() -> ended(begun, failure.getMessage())));
            begun.drainHandler(room -> onContext.execute(this::drain));
            begun.response()
                    .onComplete(answered -> onContext.execute(() -> {
                        if (answered.failed()) {
                            ended(begun, answered.cause().getMessage());
                        } else {
                            answered(begun, answered.result());
                        }
                    }));
            begun.sendHead().onFailure(failure -> onContext.execute(() -> ended(begun, failure.getMessage())));
        }

        /// Whether anybody is there: a frame is not answered on this connection, a ping is. But a ping waits behind the
        /// frames before it, on a slow link for long; that they are taken is a sign of life as well.
        private void watch(HttpClientRequest begun, SignsOfLife signs) {
            if (!begun.equals(request)) {
                return;
            }
            if (signs.look() > PINGS) {
                // The connection, and not the stream alone: the next stream would be made on it.
                begun.connection().close();
                ended(begun, "nothing heard for " + silenceMillis + " ms");
                return;
            }
            // The members, and with them which of two volumes counts, may have changed.
            leaveIfOver();
            if (!begun.equals(request)) {
                return;
            }
            // The answer is heard as everything is.
            var _ = begun.connection().ping(Buffer.buffer(new byte[PING_BYTES]));
            vertx.setTimer(silenceMillis / PINGS, again -> onContext.execute(() -> watch(begun, signs)));
        }

        private void answered(HttpClientRequest begun, HttpClientResponse response) {
            var refused = response.getHeader("grpc-status");
            if (refused != null) {
                ended(begun, "it says " + refused + ": " + response.getHeader("grpc-message"));
                return;
            }
            response.handler(ignored -> {});
            response.exceptionHandler(failure -> onContext.execute(() -> ended(begun, failure.getMessage())));
            response.endHandler(end -> onContext.execute(() -> ended(begun, "it ended the call")));
            if (!begun.equals(request)) {
                return;
            }
            try {
                answering = PeerIdentity.of(
                        response.getHeader(PeerProtocol.STORAGE_ID_HEADER),
                        response.getHeader(PeerProtocol.INCARNATION_HEADER));
            } catch (IllegalArgumentException malformed) {
                ended(begun, "it does not say who it is: " + malformed.getMessage());
                return;
            }
            leaveIfOver();
            if (begun.equals(request)) {
                LOG.debugf("connected to node %s at %s", peer, address);
                warned = false;
                up = true;
                upSinceNanos = System.nanoTime();
                tellConnected(peer, true);
            }
        }

        /// Another process of the node calls, and the one at the other end is over, whether it knows or not.
        private void leaveIfOver() {
            var current = request;
            var successor = current == null ? null : calls.successor(peer, answering);
            if (current != null && successor != null) {
                var reason = "%s answers, and %s calls".formatted(answering, successor);
                // The next call has to find its own way.
                current.connection().close();
                ended(current, reason);
            }
        }

        private void ended(HttpClientRequest which, @Nullable String reason) {
            if (which.equals(request)) {
                which.reset();
                lost(reason);
            }
        }

        private void lost(@Nullable String reason) {
            request = null;
            answering = null;
            if (up) {
                up = false;
                if (System.nanoTime() - upSinceNanos > TimeUnit.MILLISECONDS.toNanos(LONGEST_PAUSE_MILLIS)) {
                    pauseMillis = FIRST_PAUSE_MILLIS;
                }
                tellConnected(peer, false);
            }
            dropQueued();
            if (!stopped && !warned) {
                warned = true;
                LOG.infof("no connection to node %s at %s: %s; tries again", peer, address, reason);
            }
            if (!stopped && !closed) {
                vertx.setTimer(pauseMillis, again -> onContext.execute(this::connect));
                pauseMillis = Math.min(LONGEST_PAUSE_MILLIS, 2 * pauseMillis);
            }
        }

        void stop() {
            stopped = true;
            onContext.execute(() -> {
                var current = request;
                if (current != null) {
                    ended(current, "stopped");
                }
                client.close();
            });
        }
    }
}
