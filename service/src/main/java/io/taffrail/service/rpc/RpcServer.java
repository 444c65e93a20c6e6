package io.taffrail.service.rpc;

import io.grpc.Status;
import io.netty.handler.codec.http2.DefaultHttp2LocalFlowController;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.flush.FlushConsolidationHandler;
import io.taffrail.service.accept.LimitingTransport;
import io.taffrail.service.accept.Place;
import io.taffrail.service.accept.PortLimit;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.impl.Http2ServerConnection;
import io.vertx.core.impl.ContextInternal;
import io.vertx.core.impl.VertxInternal;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// A port that answers gRPC calls. Methods are added before it listens.
public final class RpcServer {
    private static final Logger LOG = Logger.getLogger(RpcServer.class);
    private static final int UNSUPPORTED_MEDIA_TYPE = 415;
    private static final int METHOD_NOT_ALLOWED = 405;
    /// What the calls of a connection write in one go of its event loop leaves with one system call, up to so many.
    private static final int WRITES_TOGETHER = 256;
    /// No byte for so long: the peer is gone, or never spoke HTTP/2. Pings keep quiet calls from coming here.
    private static final int SILENT_PINGS = 4;

    /// Messages other than appends: names, labels and settings.
    private static final int SMALL_MESSAGE_BYTES = 1 << 20;

    /// Quarkus takes -1 and what is near it for its own.
    private static final AtomicInteger FREE_PORTS = new AtomicInteger(1_000_000);

    private record Route(RpcMethod method, int maxMessageBytes) {}

    private final Vertx vertx;
    private final RpcLimits limits;
    private final MemoryBudget budget;
    private final AnswerBudget answers;
    private final WindowBudget windows;
    private final PortLimit portLimit;
    private final Map<String, Route> routes = new ConcurrentHashMap<>();
    private final Map<HttpConnection, RpcConnection> connections = new ConcurrentHashMap<>();
    private final List<HttpServer> servers = new CopyOnWriteArrayList<>();

    /// @param portLimit of the one port that this listens on
    public RpcServer(Vertx vertx, RpcLimits limits, MemoryBudget budget, AnswerBudget answers, PortLimit portLimit) {
        this.vertx = vertx;
        this.portLimit = portLimit;
        this.limits = limits;
        this.budget = budget;
        this.answers = answers;
        this.windows =
                new WindowBudget(limits.windowsBytes(), limits.connectionWindowBytes(), limits.streamWindowBytes());
    }

    /// `fullName` as in a path, without the first slash: `taffrail.log.v1.Log/Append`.
    public RpcServer method(String fullName, RpcMethod method) {
        routes.put("/" + fullName, new Route(method, Math.min(SMALL_MESSAGE_BYTES, limits.messageBytes())));
        return this;
    }

    /// A method whose messages may be as large as the limits say.
    public RpcServer bulkMethod(String fullName, RpcMethod method) {
        routes.put("/" + fullName, new Route(method, limits.messageBytes()));
        return this;
    }

    /// Listens with as many event loops as `loops` says. The port in the answer is the one that was bound, also
    /// when `port` is 0.
    public Future<Integer> listen(String host, int port, int loops, @Nullable HttpServerOptions tls) {
        // Vert.x shares a free port among the servers that ask for the same negative one.
        vertx.setPeriodic(limits.unreadMillis(), tick -> giveUpUnread());
        var shared = port == 0 ? -FREE_PORTS.incrementAndGet() : port;
        LimitingTransport.of(vertx).limit(shared, portLimit);
        var options = options(tls).setHost(host).setPort(shared);
        Future<HttpServer> first = add(options);
        Future<HttpServer> all = first;
        for (var i = 1; i < loops; i++) {
            all = all.compose(previous -> add(new HttpServerOptions(options)));
        }
        return all.compose(last -> first).map(HttpServer::actualPort);
    }

    /// A context of its own, or all of them would be on the event loop of whoever calls.
    private Future<HttpServer> add(HttpServerOptions options) {
        Promise<HttpServer> listening = Promise.promise();
        ((VertxInternal) vertx).createEventLoopContext().runOnContext(own -> {
            var server = vertx.createHttpServer(options)
                    .connectionHandler(this::connected)
                    .requestHandler(this::called)
                    .exceptionHandler(failure -> LOG.debugf("connection refused: %s", failure.getMessage()));
            servers.add(server);
            server.listen().onComplete(listening);
        });
        return listening.future();
    }

    private void giveUpUnread() {
        if (answers.anyWaiting() || answers.exceeded()) {
            connections.values().forEach(RpcConnection::giveUpUnread);
        }
    }

    private HttpServerOptions options(@Nullable HttpServerOptions tls) {
        return (tls == null ? new HttpServerOptions() : new HttpServerOptions(tls))
                .setInitialSettings(new Http2Settings()
                        .setMaxFrameSize(limits.frameBytes())
                        .setMaxConcurrentStreams(limits.callsPerConnection())
                        .setMaxHeaderListSize(limits.headerBytes())
                        .setPushEnabled(false))
                .setHttp2RstFloodMaxRstFramePerWindow(RpcLimits.RESETS_PER_WINDOW)
                .setHttp2RstFloodWindowDuration(RpcLimits.RESET_WINDOW_SECONDS)
                .setHttp2RstFloodWindowDurationTimeUnit(TimeUnit.SECONDS)
                .setMaxHeaderSize(limits.headerBytes())
                .setReadIdleTimeout((int) Math.min(Integer.MAX_VALUE, SILENT_PINGS * limits.pingMillis()))
                .setIdleTimeoutUnit(TimeUnit.MILLISECONDS)
                .setTcpNoDelay(true)
                .setTcpKeepAlive(true)
                .setReuseAddress(true);
    }

    private void connected(HttpConnection http) {
        if (!(http instanceof Http2ServerConnection transport)) {
            LOG.debugf("connection from %s closed: it does not speak HTTP/2", http.remoteAddress());
            http.close();
            return;
        }
        // Last, where what calls write begins its way out.
        var pipeline = transport.channelHandlerContext().pipeline();
        pipeline.addLast(new FlushConsolidationHandler(WRITES_TOGETHER, true));
        if (transport.channelHandlerContext().handler() instanceof Http2ConnectionHandler handler) {
            // Bytes that have been taken are kept while a frame is not whole: unless told, for 16 reads of 64 KiB.
            handler.setDiscardAfterReads(1);
            if (handler.decoder().flowController() instanceof DefaultHttp2LocalFlowController flow) {
                flow.windowUpdateRatio(limits.windowUpdateRatio());
            }
        }
        var connection = new RpcConnection(transport, limits, budget, answers.share(), Place.of(pipeline.channel()));
        connections.put(http, connection);
        // What the protocol lets every client send at once is 64 KiB; from there it is widened.
        var window = windows.take();
        http.setWindowSize(window);
        var _ = http.updateSettings(
                new Http2Settings(http.settings()).setInitialWindowSize(windows.callWindow(window)));
        var timer = vertx.setPeriodic(limits.pingMillis(), tick -> connection.checkLife());
        http.exceptionHandler(lost -> LOG.debugf("connection of %s: %s", http.remoteAddress(), lost.getMessage()));
        http.closeHandler(closed -> {
            connections.remove(http);
            windows.giveBack(window);
            vertx.cancelTimer(timer);
        });
    }

    private void called(HttpServerRequest request) {
        if (!HttpMethod.POST.equals(request.method())) {
            request.response().setStatusCode(METHOD_NOT_ALLOWED).end();
            return;
        }
        var contentType = request.getHeader("content-type");
        if (contentType == null
                || !contentType.startsWith("application/grpc")
                || contentType.startsWith("application/grpc-web")) {
            request.response().setStatusCode(UNSUPPORTED_MEDIA_TYPE).end();
            return;
        }
        var connection = connections.get(request.connection());
        if (connection == null) {
            request.response().reset();
            return;
        }
        var route = routes.get(request.path());
        var call = new RpcCall(
                vertx,
                request,
                ((ContextInternal) currentContext()).nettyEventLoop(),
                connection,
                limits,
                budget,
                route == null ? SMALL_MESSAGE_BYTES : route.maxMessageBytes());
        call.begin(route == null ? RpcServer::unknown : route.method());
    }

    private static Context currentContext() {
        var context = Vertx.currentContext();
        if (context == null) {
            throw new IllegalStateException("a request came outside of an event loop");
        }
        return context;
    }

    /// The event loop whose thread calls this; null: it is no event loop's.
    public static @Nullable Executor eventLoopOfThisThread() {
        return Context.isOnEventLoopThread() && Vertx.currentContext() instanceof ContextInternal context
                ? context.nettyEventLoop()
                : null;
    }

    private static RpcListener unknown(RpcCall call) {
        call.end(RpcStatus.of(Status.Code.UNIMPLEMENTED, "this server has no such method"));
        return IgnoringListener.INSTANCE;
    }

    /// Tells clients to go away, gives their calls so long to end, and closes.
    public Future<?> close(long graceMillis) {
        for (var http : connections.keySet()) {
            http.shutdown(graceMillis, TimeUnit.MILLISECONDS);
        }
        return Future.all(servers.stream().map(HttpServer::close).toList());
    }
}
