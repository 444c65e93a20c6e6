package io.taffrail.cli;

import io.taffrail.client.Endpoint;
import io.taffrail.client.LogClient;
import io.taffrail.client.LogClientException;
import io.taffrail.proto.control.ReplicaStatus;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;

/// What each of several replicas says of itself.
final class ReplicaStatuses {
    /// A busy machine may take so long for the first answer; a replica that is stopped holds up no more than this.
    static final Duration ATTEMPT = Duration.ofSeconds(3);

    private ReplicaStatuses() {}

    /// Without those that do not answer. All are asked at once: one that is stopped or cut off holds up nobody else's
    /// line.
    static Map<Endpoint, ReplicaStatus> ask(LogClient client, Collection<Endpoint> endpoints) {
        var statuses = new LinkedHashMap<Endpoint, ReplicaStatus>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var answers = new LinkedHashMap<Endpoint, CompletableFuture<Optional<ReplicaStatus>>>();
            endpoints.forEach(endpoint ->
                    answers.put(endpoint, CompletableFuture.supplyAsync(() -> status(client, endpoint), threads)));
            answers.forEach((endpoint, answer) -> answer.join().ifPresent(status -> statuses.put(endpoint, status)));
        }
        return statuses;
    }

    private static Optional<ReplicaStatus> status(LogClient client, Endpoint endpoint) {
        try {
            return Optional.of(client.status(endpoint));
        } catch (LogClientException silent) {
            return Optional.empty();
        }
    }
}
