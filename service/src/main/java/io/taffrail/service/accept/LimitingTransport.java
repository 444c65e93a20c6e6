package io.taffrail.service.accept;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.InternetProtocolFamily;
import io.vertx.core.Vertx;
import io.vertx.core.datagram.DatagramSocketOptions;
import io.vertx.core.impl.VertxInternal;
import io.vertx.core.impl.transports.EpollTransport;
import io.vertx.core.impl.transports.JDKTransport;
import io.vertx.core.net.ClientOptionsBase;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.spi.transport.Transport;
import java.net.SocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;

/// A transport of Vert.x with a [PortLimit] for each port. Vert.x tells of a connection when HTTP has begun on it;
/// one that says nothing is nobody's until it times out. The listening channel is the only place where all can be
/// counted, and a transport the only part of Vert.x that is shown it.
///
/// Epoll where its library can be loaded (Linux, and a folder for temporary files), else the JDK's.
public final class LimitingTransport implements Transport {
    private static final PortLimit UNLIMITED = new PortLimit(Integer.MAX_VALUE, "");

    private final Transport platform = quickest();
    private final Map<Integer, PortLimit> limits = new ConcurrentHashMap<>();
    private volatile PortLimit others = UNLIMITED;

    private static Transport quickest() {
        var epoll = new EpollTransport();
        return epoll.isAvailable() ? epoll : JDKTransport.INSTANCE;
    }

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
        platform.configure(options, domainSocket, bootstrap);
        var own = limits.get(options.getPort());
        bootstrap.handler(own == null ? new AcceptHandler(() -> others, false) : new AcceptHandler(() -> own, true));
    }

    @Override
    public void configure(ClientOptionsBase options, boolean domainSocket, Bootstrap bootstrap) {
        platform.configure(options, domainSocket, bootstrap);
    }

    @Override
    public void configure(DatagramChannel channel, DatagramSocketOptions options) {
        platform.configure(channel, options);
    }

    @Override
    public boolean supportsDomainSockets() {
        return platform.supportsDomainSockets();
    }

    @Override
    public boolean supportFileRegion() {
        return platform.supportFileRegion();
    }

    @Override
    public SocketAddress convert(io.vertx.core.net.SocketAddress address) {
        return platform.convert(address);
    }

    @Override
    public io.vertx.core.net.SocketAddress convert(SocketAddress address) {
        return platform.convert(address);
    }

    @Override
    public EventLoopGroup eventLoopGroup(int type, int threads, ThreadFactory factory, int ioRatio) {
        return platform.eventLoopGroup(type, threads, factory, ioRatio);
    }

    @Override
    public DatagramChannel datagramChannel() {
        return platform.datagramChannel();
    }

    @Override
    public DatagramChannel datagramChannel(InternetProtocolFamily family) {
        return platform.datagramChannel(family);
    }

    @Override
    public ChannelFactory<? extends Channel> channelFactory(boolean domainSocket) {
        return platform.channelFactory(domainSocket);
    }

    @Override
    public ChannelFactory<? extends ServerChannel> serverChannelFactory(boolean domainSocket) {
        return platform.serverChannelFactory(domainSocket);
    }
}
