package io.taffrail.operator.crd;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.SeccompProfile;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.TopologySpreadConstraint;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a user may say about the pods. Everything else of them is the operator's.
public record PodTemplate(
        @JsonPropertyDescription("Added to the pods' labels; the operator's own win.")
        Map<String, String> labels,

        @JsonPropertyDescription("Added to the pods' annotations; the operator's own win.")
        Map<String, String> annotations,

        @JsonPropertyDescription("Of the server's container.") @Nullable
        ResourceRequirements resources,

        @JsonPropertyDescription("Beside the spread over nodes and zones.") @Nullable
        Affinity affinity,

        List<Toleration> tolerations,
        Map<String, String> nodeSelector,

        @JsonPropertyDescription("Replaces the spread over nodes and zones that the operator sets.")
        List<TopologySpreadConstraint> topologySpreadConstraints,

        @Nullable String priorityClassName,

        @JsonPropertyDescription(
                "Of the pods; absent: RuntimeDefault. The usual default profiles forbid io_uring, and the"
                        + " server then falls back to worker threads and says so.")
        @Nullable
        SeccompProfile seccompProfile,

        List<LocalObjectReference> imagePullSecrets) {
    public static final PodTemplate NONE =
            new PodTemplate(Map.of(), Map.of(), null, null, List.of(), Map.of(), List.of(), null, null, List.of());

    public PodTemplate {
        labels = labels == null ? Map.of() : labels;
        annotations = annotations == null ? Map.of() : annotations;
        tolerations = tolerations == null ? List.of() : tolerations;
        nodeSelector = nodeSelector == null ? Map.of() : nodeSelector;
        topologySpreadConstraints = topologySpreadConstraints == null ? List.of() : topologySpreadConstraints;
        imagePullSecrets = imagePullSecrets == null ? List.of() : imagePullSecrets;
    }
}
