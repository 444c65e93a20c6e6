package io.taffrail.service.accept;

import io.netty.bootstrap.ServerBootstrap;
import io.vertx.core.Vertx;
import io.vertx.core.impl.VertxInternal;
import io.vertx.core.impl.transports.JDKTransport;
import io.vertx.core.net.NetServerOptions;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Vert.x's own transport with a [PortLimit] for each port. Vert.x tells of a connection when HTTP has begun on it;
/// one that says nothing is nobody's until it times out. The listening channel is the only place where all can be
/// counted, and a transport the only part of Vert.x that is shown it.
public final class LimitingTransport extends JDKTransport {
    private static final PortLimit UNLIMITED = new PortLimit(Integer.MAX_VALUE, "");

    private final Map<Integer, PortLimit> limits = new ConcurrentHashMap<>();
    private volatile PortLimit others = UNLIMITED;

    /// Of a Vert.x that [LimitingTransportProvider] has seen, as all are that are made while it is on the class path.
    public static LimitingTransport of(Vertx vertx) {
        var transport = ((VertxInternal) vertx).transport();
        if (transport instanceof LimitingTransport limiting) {
            return limiting;
        }
        throw new IllegalStateException("connections cannot be limited: Vert.x uses "
                + transport.getClass().getName() + " (quarkus.vertx.prefer-native-transport must not be set)");
    }

    /// Call before the port is listened on. `port` as in the server's options, where it may be negative.
    public void limit(int port, PortLimit limit) {
        limits.put(port, limit);
    }

    /// Of every port that has no limit of its own.
    public void limitOthers(PortLimit limit) {
        others = limit;
    }

    @Override
    public void configure(NetServerOptions options, boolean domainSocket, ServerBootstrap bootstrap) {
        super.configure(options, domainSocket, bootstrap);
        var own = limits.get(options.getPort());
        bootstrap.handler(own == null ? new AcceptHandler(() -> others, false) : new AcceptHandler(() -> own, true));
    }
}
