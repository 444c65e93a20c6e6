package io.taffrail.client;

import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.TlsChannelCredentials;
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
    // A replica whose machine is gone sends no reset: without probes a follower of the log would wait for ever.
    private static final long KEEP_ALIVE_SECONDS = 10;
    private static final long KEEP_ALIVE_TIMEOUT_SECONDS = 5;
    private static final long CLOSE_TIMEOUT_SECONDS = 5;

    // By its name: the transport's Netty is a shaded one that is there only when the program runs.
    private static final String TRANSPORT_THREAD =
            "io.grpc.netty.shaded.io.netty.util.concurrent.FastThreadLocalThread";

    private final ExecutorService callbacks = Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("taffrail-client-", 0).factory());
    private final @Nullable Tls tls;
    private final int maxResponseBytes;
    private final ChannelCredentials credentials;
    private final Map<Endpoint, ManagedChannel> channels = new HashMap<>();
    private boolean closed;

    Connections(@Nullable Tls tls, int maxResponseBytes) {
        this.tls = tls;
        this.maxResponseBytes = maxResponseBytes;
        this.credentials = credentials(tls);
    }

    /// A channel that connects at the next call, whatever came of the calls before: gRPC's own pause after a failed
    /// connection grows to two minutes, ours are the [RetryPolicy]'s.
    synchronized ManagedChannel channel(Endpoint endpoint) {
        if (closed) {
            throw new LogClientException(LogClientException.Kind.CLOSED, "the client was closed", null);
        }
        var channel = channels.computeIfAbsent(endpoint, this::open);
        channel.resetConnectBackoff();
        return channel;
    }

    private ManagedChannel open(Endpoint endpoint) {
        var builder = Grpc.newChannelBuilderForAddress(endpoint.host(), endpoint.port(), credentials)
                .executor(this::call)
                .maxInboundMessageSize(maxResponseBytes)
                .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                .keepAliveTimeout(KEEP_ALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        if (tls != null && tls.serverName() != null) {
            builder.overrideAuthority(tls.serverName());
        }
        return builder.build();
    }

    /// What arrived is worked on where it arrived: handing it to another thread costs more than the work. Whoever else
    /// comes with a callback may hold an appender's lock, and must not take a second one under it.
    private void call(Runnable callback) {
        if (Thread.currentThread().getClass().getName().equals(TRANSPORT_THREAD)) {
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
        ArrayList<ManagedChannel> open;
        synchronized (this) {
            closed = true;
            open = new ArrayList<>(channels.values());
        }
        open.forEach(ManagedChannel::shutdown);
        try {
            for (var channel : open) {
                if (!channel.awaitTermination(CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                    channel.shutdownNow();
                }
            }
        } catch (InterruptedException interrupted) {
            open.forEach(ManagedChannel::shutdownNow);
            Thread.currentThread().interrupt();
        } finally {
            callbacks.shutdown();
        }
    }
}
