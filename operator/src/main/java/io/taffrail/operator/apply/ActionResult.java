package io.taffrail.operator.apply;

import io.taffrail.operator.plan.Action;

/// What became of an action.
public sealed interface ActionResult {
    Action action();

    record Done(Action action) implements ActionResult {}

    /// @param reason one word; `message` as the API server or the replica gave it
    record Failed(Action action, String reason, String message) implements ActionResult {}
}
