package io.taffrail.client;

import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.TlsChannelCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoop;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.nio.NioEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// One channel for each endpoint that was ever used. Any thread.
final class Connections implements AutoCloseable {
    /// @param thread the one on which all of the channel's bytes come and go
    record Link(ManagedChannel channel, EventLoop thread) {}

    // A replica whose machine is gone sends no reset: without probes a follower of the log would wait for ever.
    private static final long KEEP_ALIVE_SECONDS = 10;
    private static final long KEEP_ALIVE_TIMEOUT_SECONDS = 5;
    private static final long CLOSE_TIMEOUT_SECONDS = 5;

    private final ExecutorService callbacks = Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("taffrail-client-", 0).factory());
    private final @Nullable Tls tls;
    private final int maxResponseBytes;
    private final ChannelCredentials credentials;
    private final Map<Endpoint, Link> links = new HashMap<>();
    private boolean closed;

    Connections(@Nullable Tls tls, int maxResponseBytes) {
        this.tls = tls;
        this.maxResponseBytes = maxResponseBytes;
        this.credentials = credentials(tls);
    }

    /// A channel that connects at the next call, whatever came of the calls before: gRPC's own pause after a failed
    /// connection grows to two minutes, ours are the [RetryPolicy]'s.
    synchronized Link link(Endpoint endpoint) {
        if (closed) {
            throw new LogClientException(LogClientException.Kind.CLOSED, "the client was closed", null);
        }
        var link = links.computeIfAbsent(endpoint, this::open);
        link.channel().resetConnectBackoff();
        return link;
    }

    ManagedChannel channel(Endpoint endpoint) {
        return link(endpoint).channel();
    }

    private Link open(Endpoint endpoint) {
        var threads = new DefaultThreadFactory("taffrail-client-transport", true);
        var epoll = Epoll.isAvailable();
        var group = epoll ? new EpollEventLoopGroup(1, threads) : new NioEventLoopGroup(1, threads);
        var thread = group.next();
        var builder = NettyChannelBuilder.forAddress(endpoint.host(), endpoint.port(), credentials)
                .eventLoopGroup(group)
                .channelType(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
                .executor(callback -> call(thread, callback))
                .maxInboundMessageSize(maxResponseBytes)
                .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                .keepAliveTimeout(KEEP_ALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        if (tls != null && tls.serverName() != null) {
            builder.overrideAuthority(tls.serverName());
        }
        return new Link(builder.build(), thread);
    }

    /// What arrived is worked on where it arrived: handing it to another thread costs more than the work. Whoever else
    /// comes with a callback may hold an appender's lock, and must not take a second one under it.
    private void call(EventLoop thread, Runnable callback) {
        if (thread.inEventLoop()) {
            callback.run();
        } else {
            callbacks.execute(callback);
        }
    }

    private static ChannelCredentials credentials(@Nullable Tls tls) {
        if (tls == null) {
            return InsecureChannelCredentials.create();
        }
        try {
            var builder = TlsChannelCredentials.newBuilder();
            if (tls.trustedCertificates() != null) {
                builder.trustManager(tls.trustedCertificates().toFile());
            }
            if (tls.certificateChain() != null && tls.privateKey() != null) {
                builder.keyManager(
                        tls.certificateChain().toFile(), tls.privateKey().toFile());
            }
            return builder.build();
        } catch (IOException unreadable) {
            throw new IllegalArgumentException("TLS files: " + unreadable.getMessage(), unreadable);
        }
    }

    @Override
    public void close() {
        ArrayList<Link> open;
        synchronized (this) {
            closed = true;
            open = new ArrayList<>(links.values());
        }
        open.forEach(link -> link.channel().shutdown());
        try {
            for (var link : open) {
                if (!link.channel().awaitTermination(CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                    link.channel().shutdownNow();
                }
            }
        } catch (InterruptedException interrupted) {
            open.forEach(link -> link.channel().shutdownNow());
            Thread.currentThread().interrupt();
        } finally {
            for (var link : open) {
                var _ = link.thread().parent().shutdownGracefully(0, CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
            }
            callbacks.shutdown();
        }
    }
}
