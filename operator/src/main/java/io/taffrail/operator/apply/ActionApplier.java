package io.taffrail.operator.apply;

import io.fabric8.kubernetes.client.KubernetesClientException;
import io.taffrail.operator.control.CallOutcome;
import io.taffrail.operator.observe.ObservedCluster;
import io.taffrail.operator.observe.TlsReading;
import io.taffrail.operator.plan.Action;
import io.taffrail.operator.plan.Plan;
import io.taffrail.operator.resource.ClusterResources;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Performs a plan, in its order. A failed action is told and the next one tried, with one exception: what follows a
/// failed intention must not happen.
public final class ActionApplier {
    private final KubernetesActions kubernetes;
    private final ControlActions control;

    public ActionApplier(KubernetesActions kubernetes, ControlActions control) {
        this.kubernetes = kubernetes;
        this.control = control;
    }

    public List<ActionResult> apply(
            ClusterWrite target, ClusterResources wanted, ObservedCluster seen, @Nullable TlsReading tls, Plan plan) {
        var results = new ArrayList<ActionResult>();
        for (var action : plan.actions()) {
            var result = perform(target, wanted, new ControlActions.Target(target.names(), seen, tls), action);
            results.add(result);
            if (isIntention(action) && result instanceof ActionResult.Failed) {
                break;
            }
        }
        return results;
    }

    private static boolean isIntention(Action action) {
        return action instanceof Action.RecordBootstrap || action instanceof Action.RecordRecovery;
    }

    private ActionResult perform(
            ClusterWrite target, ClusterResources wanted, ControlActions.Target replicas, Action action) {
        try {
            return switch (action) {
                case Action.GrowClaim grow -> done(action, () -> kubernetes.grow(target, grow));
                case Action.OwnClaim own -> done(action, () -> kubernetes.own(target, own));
                case Action.ApplyResource apply -> done(action, () -> kubernetes.apply(wanted, apply));
                case Action.ApplyTemplate template -> done(action, () -> kubernetes.applyTemplate(wanted));
                case Action.ScalePods scale -> done(action, () -> kubernetes.scale(wanted, scale));
                case Action.LabelPod label -> done(action, () -> kubernetes.label(target, label));
                case Action.RestartPod restart -> done(action, () -> kubernetes.restart(target, restart));
                case Action.RecordBootstrap record -> done(action, () -> target.record(record));
                case Action.RecordRecovery record ->
                    done(action, () -> {
                        // The Event first: what cannot be told is not done.
                        kubernetes.tell(target, record.recovery());
                        target.record(record);
                    });
                case Action.Bootstrap bootstrap -> called(action, control.bootstrap(replicas, bootstrap));
                case Action.ApplySettings settings -> called(action, control.applySettings(replicas, settings));
                case Action.ForceRecovery force -> called(action, control.forceRecovery(replicas, force));
                case Action.TransferLeadership transfer -> called(action, control.transfer(replicas, transfer));
                case Action.ChangeVoters change -> called(action, control.changeVoters(replicas, change));
            };
        } catch (KubernetesClientException e) {
            return new ActionResult.Failed(action, reason(e), String.valueOf(e.getMessage()));
        }
    }

    private static ActionResult done(Action action, Runnable effect) {
        effect.run();
        return new ActionResult.Done(action);
    }

    private static ActionResult called(Action action, CallOutcome<?> outcome) {
        return switch (outcome) {
            case CallOutcome.Answer<?>(var value) -> new ActionResult.Done(action);
            case CallOutcome.Refused<?>(String code, String message) ->
                new ActionResult.Failed(action, camelCase(code), message);
            case CallOutcome.Unreachable<?>(String message) ->
                new ActionResult.Failed(action, "ReplicaUnreachable", message);
        };
    }

    private static String reason(KubernetesClientException e) {
        var status = e.getStatus();
        if (status != null && status.getReason() != null && !status.getReason().isBlank()) {
            return status.getReason();
        }
        return e.getCode() > 0 ? "Http" + e.getCode() : "ApiServerUnreachable";
    }

    /// `NOT_LEADER` as a condition's reason: `NotLeader`.
    private static String camelCase(String code) {
        var name = new StringBuilder();
        for (var word : code.split("_")) {
            if (!word.isEmpty()) {
                name.append(word.charAt(0)).append(word.substring(1).toLowerCase(Locale.ROOT));
            }
        }
        return name.toString();
    }
}
