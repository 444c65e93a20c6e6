package io.taffrail.operator.crd;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A person's decision to go on without a majority of the voters. Without the consent only the plan is shown.
@ValidationRule(
        value = "has(self.acceptDataLoss) == has(self.expectLastLsn)",
        message = "acceptDataLoss and expectLastLsn belong together: without both only the plan is shown")
@ValidationRule(
        value = "!has(self.survivors) || self.from in self.survivors",
        message = "survivors must hold from, whose log goes on")
@ValidationRule(
        value = "!has(self.survivors) || self.survivors.all(node, node >= 0 && node <= 4"
                + " && self.survivors.exists_one(other, other == node))",
        message = "survivors are numbers of replicas, 0 to 4, each once")
public record ForceRecovery(
        @JsonPropertyDescription("The number of the replica whose log goes on.") @Required @Min(0) @Max(4)
        Integer from,

        @JsonPropertyDescription("Numbers of the voters that go on, `from` among them. Absent: `from` alone.")
        @Size(min = 1, max = 5)
        @Nullable
        List<Integer> survivors,

        @JsonPropertyDescription(
                "The cluster's id (status.clusterId), typed: what the log of `from` does not hold is lost.")
        @Pattern("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
        @Nullable
        String acceptDataLoss,

        @JsonPropertyDescription("Where the log of `from` ends, as status.recoveryPlan says it.")
        @Pattern("^[0-9]{1,19}$")
        @Nullable
        String expectLastLsn) {
    /// In order, each once.
    public List<Integer> goingOn() {
        return survivors == null
                ? List.of(from)
                : survivors.stream().distinct().sorted().toList();
    }
}
