package io.taffrail.operator.crd;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import org.jspecify.annotations.Nullable;

/// One aspect of a resource's state, in the shape that Kubernetes tools know.
public record Condition(
        @Required String type,

        @JsonPropertyDescription("True, False or Unknown.") @Required
        Status status,

        @JsonPropertyDescription("One word for programs.") @Required
        String reason,

        @JsonPropertyDescription("A sentence for people.") @Required
        String message,

        @JsonPropertyDescription("When status changed last.") @Nullable
        String lastTransitionTime,

        @JsonPropertyDescription("The generation of the spec that this speaks of.") @Nullable
        Long observedGeneration) {
    public enum Status {
        True,
        False,
        Unknown
    }

    public static Condition of(String type, Status status, String reason, String message) {
        return new Condition(type, status, reason, message, null, null);
    }

    /// This condition dated: as `before` if the status is the same, otherwise `now`.
    public Condition since(@Nullable Condition before, String now, @Nullable Long generation) {
        var time = before != null && before.status == status && before.lastTransitionTime != null
                ? before.lastTransitionTime
                : now;
        return new Condition(type, status, reason, message, time, generation);
    }
}
