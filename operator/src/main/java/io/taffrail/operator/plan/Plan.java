package io.taffrail.operator.plan;

import java.util.List;

/// @param actions in the order in which they must be performed
/// @param waits what is wanted and cannot be done yet, most important first
/// @param pending what will restart pods, and when
public record Plan(List<Action> actions, List<Wait> waits, List<Pending> pending) {
    /// @param reason one word; `message` says what is missing and what would end the wait
    /// @param refused a person must act; otherwise it passes by itself
    public record Wait(String reason, String message, boolean refused) {}

    public record Pending(String name, String reason, String message) {}

    /// Whether the next look may find it further on. What waits for a person does not, nor a restart that nobody has
    /// asked for: the edit that ends it is an event.
    public boolean underWay() {
        return !actions.isEmpty() || waits.stream().anyMatch(wait -> !wait.refused());
    }

    public Plan {
        actions = List.copyOf(actions);
        waits = List.copyOf(waits);
        pending = List.copyOf(pending);
    }
}
