package io.taffrail.operator.plan;

import io.taffrail.operator.observe.ObservedCluster.Pod;
import java.util.Comparator;
import java.util.TreeSet;

/// Hibernation: no pods, everything else stays.
final class LifecyclePlan {
    private LifecyclePlan() {}

    static void hibernate(Draft draft) {
        var set = draft.seen.statefulSet();
        // One by one the log would be copied to new volumes; all at once nothing would be left of it.
        if (!draft.seen.podsLosingVolumes().isEmpty()) {
            return;
        }
        if (set != null && set.replicas() > 0) {
            // All at once: each hands over or follows, flushes and marks its log clean when it is told to stop.
            draft.disrupt(new Action.ScalePods(0));
        }
    }

    static void wake(Draft draft) {
        var set = draft.seen.statefulSet();
        if (set != null && set.replicas() == 0) {
            draft.act(new Action.ScalePods(podsNeeded(draft)));
        }
    }

    /// Ends pods that hear neither those that the spec asks for nor the operator: woken before the hibernation had
    /// ended them, they go on as they were started. Nobody waits for them to be in sync, since nobody can ask them.
    ///
    /// Returns whether there are any: nothing else is decided on the sight of half a cluster.
    static boolean endOtherTransport(Draft draft) {
        var set = draft.seen.statefulSet();
        // While the template is not in force the next pod would be like this one.
        if (set == null || set.templateOutdated()) {
            return false;
        }
        var tls = draft.spec.tls() != null;
        var others = draft.seen.pods().stream()
                .filter(pod -> !pod.terminating() && pod.tls() != tls)
                .toList();
        if (others.isEmpty()) {
            return false;
        }
        others.stream()
                .filter(pod -> !draft.seen.podsLosingVolumes().contains(pod))
                .max(Comparator.comparingInt(Pod::ordinal))
                .ifPresent(pod -> draft.disrupt(new Action.RestartPod(
                        pod.name(), pod.uid(), "it was started " + (tls ? "without" : "with") + " tls")));
        draft.waitFor(
                "TransportChanged",
                String.join(", ", others.stream().map(Pod::name).toList()) + " were started "
                        + (tls ? "without" : "with") + " tls and hear nobody else: they restart one after the other");
        return true;
    }

    /// Before there is a cluster nobody is a member, so nothing else starts pods that an edit asks for or that were
    /// scaled away by hand.
    static void startMissing(Draft draft) {
        var set = draft.seen.statefulSet();
        if (set != null && set.replicas() > 0 && set.replicas() < podsNeeded(draft)) {
            draft.act(new Action.ScalePods(podsNeeded(draft)));
        }
    }

    /// Every voter must start, also those that a later edit wants away, and those that only a replica's log remembers:
    /// they are removed by a leader, and a leader needs their majority.
    static int podsNeeded(Draft draft) {
        var recorded = draft.seen.recorded();
        var nodes = new TreeSet<>(recorded.voters());
        nodes.addAll(draft.seen.votersSaid());
        if (!recorded.bootstrapped()) {
            nodes.addAll(recorded.storages().keySet());
        }
        return Math.max(draft.spec.replicas(), nodes.isEmpty() ? 0 : nodes.last() + 1);
    }
}
