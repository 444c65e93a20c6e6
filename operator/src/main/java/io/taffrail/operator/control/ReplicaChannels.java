package io.taffrail.operator.control;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.taffrail.proto.control.ControlGrpc;
import io.taffrail.proto.log.Error;
import io.taffrail.proto.log.LogGrpc;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.ByteArrayInputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// Connections to replicas, kept between passes. Any thread may call.
@ApplicationScoped
public class ReplicaChannels {
    /// A replica answers its status in microseconds; one that does not in this time is busy dying or starting.
    private static final Duration STATUS_DEADLINE = Duration.ofSeconds(2);
    /// A hand-over of the leadership waits for a follower to catch up.
    private static final Duration CHANGE_DEADLINE = Duration.ofSeconds(15);

    /// Every replica that is watched is asked at each resync, so one that was not asked for so long is watched no more.
    private static final Duration UNUSED_MAX = Duration.ofMinutes(10);
    /// Of 800 clusters of five; beyond it the one that was used longest ago is connected anew when it is asked.
    private static final int CHANNELS_MAX = 4_000;

    /// PEM texts of a Secret.
    public record Credentials(String certificate, String key, String authority) {}

    private record Key(ReplicaAddress address, @Nullable Credentials credentials) {}

    private static final class Held {
        final ManagedChannel channel;
        long usedNanos;

        Held(ManagedChannel channel) {
            this.channel = channel;
        }
    }

    private final LongSupplier nanoTime;
    private final int most;
    /// Those that were used longest ago first.
    private final Map<Key, Held> channels = new LinkedHashMap<>(16, 0.75f, true);

    public ReplicaChannels() {
        this(System::nanoTime, CHANNELS_MAX);
    }

    ReplicaChannels(LongSupplier nanoTime, int most) {
        this.nanoTime = nanoTime;
        this.most = most;
    }

    public <T> CallOutcome<T> status(
            ReplicaAddress address,
            @Nullable Credentials credentials,
            Function<ControlGrpc.ControlBlockingStub, T> call) {
        return control(address, credentials, STATUS_DEADLINE, call);
    }

    public <T> CallOutcome<T> change(
            ReplicaAddress address,
            @Nullable Credentials credentials,
            Function<ControlGrpc.ControlBlockingStub, T> call) {
        return control(address, credentials, CHANGE_DEADLINE, call);
    }

    public <T> CallOutcome<T> log(
            ReplicaAddress address, @Nullable Credentials credentials, Function<LogGrpc.LogBlockingStub, T> call) {
        return outcome(() -> call.apply(LogGrpc.newBlockingStub(channel(new Key(address, credentials)))
                .withDeadlineAfter(CHANGE_DEADLINE.toMillis(), TimeUnit.MILLISECONDS)));
    }

    private <T> CallOutcome<T> control(
            ReplicaAddress address,
            @Nullable Credentials credentials,
            Duration deadline,
            Function<ControlGrpc.ControlBlockingStub, T> call) {
        return outcome(() -> call.apply(ControlGrpc.newBlockingStub(channel(new Key(address, credentials)))
                .withDeadlineAfter(deadline.toMillis(), TimeUnit.MILLISECONDS)));
    }

    private interface Call<T> {
        T run() throws SSLException;
    }

    private static <T> CallOutcome<T> outcome(Call<T> call) {
        try {
            return new CallOutcome.Answer<>(call.run());
        } catch (StatusRuntimeException e) {
            var status = e.getStatus();
            var text = status.getDescription() == null ? status.getCode().name() : status.getDescription();
            return switch (status.getCode()) {
                case UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED -> notReached(e, status, text);
                default -> new CallOutcome.Refused<>(code(e), text);
            };
        } catch (SSLException | IllegalArgumentException e) {
            return new CallOutcome.Unreachable<>("the certificates cannot be used: " + e.getMessage());
        }
    }

    /// UNAVAILABLE is also how a replica says that it is not the leader; then the trailer says so.
    private static <T> CallOutcome<T> notReached(StatusRuntimeException e, Status status, String text) {
        var code = code(e);
        if (!code.equals(status.getCode().name())) {
            return new CallOutcome.Refused<>(code, text);
        }
        // gRPC's own text has the nanoseconds: a status that shows it would be written anew with every pass.
        return new CallOutcome.Unreachable<>(
                status.getCode() == Status.Code.DEADLINE_EXCEEDED ? "it did not answer in time" : text);
    }

    private static final io.grpc.Metadata.Key<byte[]> ERROR =
            io.grpc.Metadata.Key.of("taffrail-error-bin", io.grpc.Metadata.BINARY_BYTE_MARSHALLER);

    private static String code(StatusRuntimeException e) {
        var trailers = e.getTrailers();
        var bytes = trailers == null ? null : trailers.get(ERROR);
        if (bytes != null) {
            try {
                return Error.parseFrom(bytes).getCode().name().replace("ERROR_CODE_", "");
            } catch (com.google.protobuf.InvalidProtocolBufferException ignored) {
                // The status says enough.
                return e.getStatus().getCode().name();
            }
        }
        return e.getStatus().getCode().name();
    }

    private synchronized ManagedChannel channel(Key key) throws SSLException {
        var held = channels.get(key);
        if (held == null) {
            held = new Held(connect(key));
            channels.put(key, held);
        }
        held.usedNanos = nanoTime.getAsLong();
        evict(held.usedNanos);
        return held.channel;
    }

    private static ManagedChannel connect(Key key) throws SSLException {
        var address = key.address();
        // Not by name: the pod's name may resolve to the address of its predecessor.
        var builder = NettyChannelBuilder.forAddress(new InetSocketAddress(address.ip(), address.port()))
                .idleTimeout(1, TimeUnit.MINUTES)
                .disableRetry();
        var credentials = key.credentials();
        if (credentials == null) {
            builder.usePlaintext();
        } else {
            builder.overrideAuthority(address.host())
                    .sslContext(GrpcSslContexts.forClient()
                            .trustManager(stream(credentials.authority()))
                            .keyManager(stream(credentials.certificate()), stream(credentials.key()))
                            .build());
        }
        return builder.build();
    }

    private void evict(long nowNanos) {
        var oldest = channels.values().iterator();
        while (oldest.hasNext()) {
            var held = oldest.next();
            if (channels.size() <= most && nowNanos - held.usedNanos <= UNUSED_MAX.toNanos()) {
                return;
            }
            held.channel.shutdown();
            oldest.remove();
        }
    }

    synchronized int held() {
        return channels.size();
    }

    private static ByteArrayInputStream stream(String pem) {
        return new ByteArrayInputStream(pem.getBytes(StandardCharsets.UTF_8));
    }

    @PreDestroy
    public synchronized void close() {
        channels.values().forEach(held -> held.channel.shutdownNow());
        channels.clear();
    }
}
