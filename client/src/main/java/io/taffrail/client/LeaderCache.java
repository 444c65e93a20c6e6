package io.taffrail.client;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.taffrail.proto.log.ErrorCode;
import io.taffrail.proto.log.LeaderHint;
import io.taffrail.proto.log.LogGrpc;
import io.taffrail.proto.log.WhoLeadsRequest;
import io.taffrail.proto.log.WhoLeadsResponse;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// Where the leader is believed to be. A belief that is wrong costs one refused call: the replica itself decides
/// whether it leads, also before it answers what it could from an old log, which is asked as linearizable. Any thread.
final class LeaderCache {
    private static final long WHO_LEADS_TIMEOUT_MILLIS = 1_000;

    private final List<Endpoint> endpoints;
    private final Connections connections;
    private @Nullable Endpoint leader;
    private long leaderEpoch;
    // The address that the replicas name may be one that this client cannot reach, or its owner may just have died.
    private @Nullable Endpoint unreachable;
    private int turn;

    LeaderCache(List<Endpoint> endpoints, Connections connections) {
        this.endpoints = endpoints;
        this.connections = connections;
        // The first is as good a guess as any, and with one endpoint the only one.
        this.leader = endpoints.getFirst();
    }

    synchronized @Nullable Endpoint leader() {
        return leader;
    }

    List<Endpoint> endpoints() {
        return endpoints;
    }

    /// The believed leader, or else whom the replicas name, or else the endpoints in turn. Never fails and answers
    /// within [#WHO_LEADS_TIMEOUT_MILLIS].
    CompletableFuture<Endpoint> locate() {
        var known = leader();
        if (known != null) {
            return CompletableFuture.completedFuture(known);
        }
        return whoLeads().thenApply(hint -> {
            synchronized (this) {
                if (hint != null && !endpointOf(hint).equals(Optional.ofNullable(unreachable))) {
                    learn(hint);
                }
                unreachable = null;
                return leader != null ? leader : endpoints.get(Math.floorMod(turn++, endpoints.size()));
            }
        });
    }

    /// What a failed call to `endpoint` says about the leader.
    void learn(LogClientException failure, Endpoint endpoint) {
        var left = failure.code() == ErrorCode.ERROR_CODE_NOT_LEADER
                || failure.code() == ErrorCode.ERROR_CODE_SHUTTING_DOWN
                || failure.code() == ErrorCode.ERROR_CODE_RECOVERING
                || failure.code() == ErrorCode.ERROR_CODE_STORAGE_FAILED
                || failure.kind() == LogClientException.Kind.UNAVAILABLE
                || failure.kind() == LogClientException.Kind.TIMED_OUT;
        if (!left) {
            return;
        }
        synchronized (this) {
            if (endpoint.equals(leader)) {
                leader = null;
            }
            if (failure.kind() != LogClientException.Kind.REFUSED) {
                unreachable = endpoint;
            }
        }
        if (failure.error().hasLeader()) {
            learn(failure.error().getLeader());
        }
    }

    private synchronized void learn(LeaderHint hint) {
        // An old leader that does not know yet of the new one must not send everyone back.
        if (hint.getEpoch() >= leaderEpoch) {
            endpointOf(hint).ifPresent(named -> {
                leader = named;
                leaderEpoch = hint.getEpoch();
            });
        }
    }

    /// A replica may have been configured with an address that is none: it leads, and only the endpoints find it.
    private static Optional<Endpoint> endpointOf(LeaderHint hint) {
        return Endpoint.ofHint(hint.getAddress());
    }

    /// Whether the replicas name another leader than `endpoint`, of no older epoch than is known; then that
    /// one is believed. For a call that gets no answer: a leader that was cut off from the others cannot say
    /// so. Never fails.
    CompletableFuture<Boolean> isElsewhere(Endpoint endpoint) {
        return whoLeads().thenApply(hint -> {
            if (hint == null || endpointOf(hint).equals(Optional.of(endpoint))) {
                return false;
            }
            learn(hint);
            return !endpoint.equals(leader());
        });
    }

    /// Asks all endpoints at once; the newest answer that names a leader, null if none does.
    private CompletableFuture<@Nullable LeaderHint> whoLeads() {
        var result = new CompletableFuture<@Nullable LeaderHint>();
        var missing = new AtomicInteger(endpoints.size());
        var newest = new LeaderHint[1];
        for (var endpoint : endpoints) {
            var _ = ask(endpoint).whenComplete((answer, failure) -> {
                synchronized (newest) {
                    var names =
                            answer != null && !answer.getLeader().getAddress().isEmpty();
                    if (names && (newest[0] == null || answer.getLeader().getEpoch() > newest[0].getEpoch())) {
                        newest[0] = answer.getLeader();
                    }
                    if (missing.decrementAndGet() == 0) {
                        result.complete(newest[0]);
                    }
                }
            });
        }
        return result;
    }

    private CompletableFuture<WhoLeadsResponse> ask(Endpoint endpoint) {
        var answer = new CompletableFuture<WhoLeadsResponse>();
        try {
            var call = connections
                    .channel(endpoint)
                    .newCall(
                            LogGrpc.getWhoLeadsMethod(),
                            CallOptions.DEFAULT.withDeadlineAfter(WHO_LEADS_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS));
            call.start(new UnaryListener<>(answer, endpoint), new Metadata());
            call.request(2);
            call.sendMessage(WhoLeadsRequest.getDefaultInstance());
            call.halfClose();
        } catch (RuntimeException refused) {
            answer.completeExceptionally(refused);
        }
        return answer;
    }

    private static final class UnaryListener<T> extends ClientCall.Listener<T> {
        private final CompletableFuture<T> answer;
        private final Endpoint endpoint;

        UnaryListener(CompletableFuture<T> answer, Endpoint endpoint) {
            this.answer = answer;
            this.endpoint = endpoint;
        }

        @Override
        public void onMessage(T message) {
            answer.complete(message);
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            answer.completeExceptionally(LogClientException.of(status, trailers, endpoint));
        }
    }
}
