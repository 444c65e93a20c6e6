package io.taffrail.operator.crd;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What the operator found.
public record LogStreamStatus(
        @Nullable Long observedGeneration,

        @JsonPropertyDescription("The stream's number in the log, as text.") @Nullable
        String streamId,

        @JsonPropertyDescription("In force, defaults of the cluster included.") @Nullable
        CommitMode commitMode,

        @JsonPropertyDescription("In force, defaults of the cluster included.") @Nullable
        ReplicationMode replicationMode,

        List<Condition> conditions) {
    public LogStreamStatus {
        conditions = conditions == null ? List.of() : conditions;
    }

    /// As the spec asks, or of a cluster that is hibernated or paused for as long as a person wants it so.
    public boolean atRest() {
        return conditions.stream().noneMatch(it -> it.status() == Condition.Status.False);
    }
}
