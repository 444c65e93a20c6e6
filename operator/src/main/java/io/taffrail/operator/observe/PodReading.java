package io.taffrail.operator.observe;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.taffrail.operator.observe.ObservedCluster.Pod;
import io.taffrail.operator.resource.ClusterNames;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A pod as the API server shows it.
final class PodReading {
    private static final int LAST_WORDS_CHARACTERS_MAX = 300;

    private PodReading() {}

    static Pod of(io.fabric8.kubernetes.api.model.Pod pod) {
        var meta = pod.getMetadata();
        var status = pod.getStatus();
        List<PodCondition> conditions = status == null ? List.of() : status.getConditions();
        var labels = meta.getLabels();
        var ip = status == null ? null : status.getPodIP();
        return new Pod(
                meta.getName(),
                ClusterNames.ordinal(meta.getName()),
                meta.getUid(),
                readySince(conditions),
                meta.getDeletionTimestamp() != null,
                ClusterObserver.annotation(meta.getAnnotations(), ClusterNames.TEMPLATE_ANNOTATION),
                waitingFor(conditions, container(status)),
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

    /// What its container said last before it ended; null: nothing, or it runs.
    static @Nullable String lastWords(io.fabric8.kubernetes.api.model.Pod pod) {
        var container = container(pod.getStatus());
        if (container == null) {
            return null;
        }
        var words = words(container.getState());
        return words != null ? words : words(container.getLastState());
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
        if (ended == null || ended.getMessage() == null) {
            return null;
        }
        // The last line is the reason; what stands above it is the log.
        var line = ended.getMessage().strip();
        line = line.substring(line.lastIndexOf('\n') + 1);
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
