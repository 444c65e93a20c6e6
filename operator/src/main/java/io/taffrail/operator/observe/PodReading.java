package io.taffrail.operator.observe;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.taffrail.operator.observe.ObservedCluster.Pod;
import io.taffrail.operator.resource.ClusterNames;
import io.taffrail.operator.resource.ClusterResources;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A pod as the API server shows it.
final class PodReading {
    private static final int LAST_WORDS_CHARACTERS_MAX = 300;
    private static final Set<String> ENDED = Set.of("Failed", "Succeeded");
    /// Of a container that waits for the init containers before it.
    private static final String INITIALIZING = "PodInitializing";

    private static final Set<String> STARTING = Set.of(INITIALIZING, "ContainerCreating");

    private PodReading() {}

    static Pod of(io.fabric8.kubernetes.api.model.Pod pod) {
        var meta = pod.getMetadata();
        var status = pod.getStatus();
        List<PodCondition> conditions = status == null ? List.of() : status.getConditions();
        var labels = meta.getLabels();
        // The address of a pod that has ended may be another's by now, of another cluster say.
        var ip = status == null || ENDED.contains(String.valueOf(status.getPhase())) ? null : status.getPodIP();
        return new Pod(
                meta.getName(),
                ClusterNames.ordinal(meta.getName()),
                meta.getUid(),
                readySince(conditions),
                meta.getDeletionTimestamp() != null,
                ClusterObserver.annotation(meta.getAnnotations(), ClusterNames.TEMPLATE_ANNOTATION),
                pod.getSpec() != null && ClusterResources.hasTls(pod.getSpec()),
                waitingFor(conditions, blocking(status)),
                labels == null ? null : labels.get(ClusterNames.ROLE_LABEL),
                ip == null || ip.isEmpty() ? null : ip);
    }

    private static @Nullable Instant readySince(List<PodCondition> conditions) {
        for (var condition : conditions) {
            if ("Ready".equals(condition.getType()) && "True".equals(condition.getStatus())) {
                var since = condition.getLastTransitionTime();
                return since == null ? Instant.EPOCH : Instant.parse(since);
            }
        }
        return null;
    }

    /// What keeps its container from running: what that, or the init container that is in its way, said last before
    /// it ended; null: nothing, or it runs.
    static @Nullable String lastWords(io.fabric8.kubernetes.api.model.Pod pod) {
        var container = blocking(pod.getStatus());
        if (container == null) {
            return null;
        }
        var last = words(container.getState());
        var words = last != null ? last : words(container.getLastState());
        if (ClusterNames.CONTAINER.equals(container.getName())) {
            return words;
        }
        return "init container " + container.getName() + (words == null ? " does not start" : ": " + words);
    }

    /// The server's container or, while that waits for them, the init container that fails: a mesh's, or another that
    /// was put there. One that runs beside the server may crash while the replica runs.
    private static @Nullable ContainerStatus blocking(@Nullable PodStatus status) {
        var server = container(status);
        if (status == null || (server != null && !waitsForOthers(server))) {
            return server;
        }
        return status.getInitContainerStatuses().stream()
                .filter(PodReading::fails)
                .findFirst()
                .orElse(server);
    }

    private static boolean waitsForOthers(ContainerStatus server) {
        var state = server.getState();
        return state != null
                && state.getWaiting() != null
                && INITIALIZING.equals(state.getWaiting().getReason());
    }

    private static boolean fails(ContainerStatus init) {
        var state = init.getState();
        if (state == null) {
            return false;
        }
        return state.getTerminated() != null
                ? hasFailed(state.getTerminated())
                : state.getWaiting() != null
                        && !STARTING.contains(state.getWaiting().getReason());
    }

    private static boolean hasFailed(ContainerStateTerminated ended) {
        return ended.getExitCode() != null && ended.getExitCode() != 0;
    }

    /// The server's. What others have put beside it, as a service mesh does, may crash while the replica runs.
    private static @Nullable ContainerStatus container(@Nullable PodStatus status) {
        List<ContainerStatus> all = status == null ? List.of() : status.getContainerStatuses();
        return all.stream()
                .filter(it -> ClusterNames.CONTAINER.equals(it.getName()))
                .findFirst()
                .orElse(null);
    }

    private static @Nullable String words(@Nullable ContainerState state) {
        var ended = state == null ? null : state.getTerminated();
        if (ended == null) {
            return null;
        }
        var message = ended.getMessage() == null ? "" : ended.getMessage().strip();
        if (message.isEmpty()) {
            return hasFailed(ended) ? "it ended with " + ended.getExitCode() : null;
        }
        // The last line is the reason; what stands above it is the log.
        var line = message.substring(message.lastIndexOf('\n') + 1);
        return "it ended with " + ended.getExitCode() + ": "
                + line.substring(0, Math.min(line.length(), LAST_WORDS_CHARACTERS_MAX));
    }

    private static @Nullable String waitingFor(List<PodCondition> conditions, @Nullable ContainerStatus container) {
        var state = container == null ? null : container.getState();
        if (state != null && state.getWaiting() != null) {
            return state.getWaiting().getReason();
        }
        for (var condition : conditions) {
            if ("PodScheduled".equals(condition.getType()) && "False".equals(condition.getStatus())) {
                return condition.getReason();
            }
        }
        return null;
    }
}
