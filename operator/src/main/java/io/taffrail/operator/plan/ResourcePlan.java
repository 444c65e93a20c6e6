package io.taffrail.operator.plan;

import io.taffrail.operator.resource.ClusterNames;

/// The cluster's objects, and the pod template with its rule: a newer operator restarts no pod by itself.
final class ResourcePlan {
    private ResourcePlan() {}

    /// What another made is not taken over: a Service would lead its clients here, a StatefulSet would run servers of
    /// this cluster on its volumes, and all of them would go with the LogCluster.
    static boolean isRefused(Draft draft) {
        var strange = draft.seen.strangeResources();
        if (strange.isEmpty()) {
            return false;
        }
        draft.refuse(
                "NameTaken",
                "nothing is done: " + String.join(", ", strange)
                        + " of this cluster's names belong to somebody else (they have neither the label "
                        + ClusterNames.CLUSTER_LABEL + "=" + draft.seen.name()
                        + " nor this LogCluster as their owner): move them away, or give the LogCluster another name");
        return true;
    }

    static void plan(Draft draft) {
        draft.seen.outdatedResources().stream().map(Action.ApplyResource::new).forEach(draft::act);
        var set = draft.seen.statefulSet();
        if (set == null || !set.templateOutdated() || downgrades(draft)) {
            return;
        }
        var approved = set.approvedTemplate().equals(set.desiredTemplate());
        if (set.inputsChanged() || approved) {
            draft.act(new Action.ApplyTemplate(set.desiredTemplate()));
            return;
        }
        draft.pending(
                "PodTemplate",
                "OperatorChanged",
                "this version of the operator would make the pods differently; they restart with the next change of"
                        + " spec.version or of the pods, or when the LogCluster is annotated"
                        + " taffrail.io/approved-template=" + set.desiredTemplate());
    }

    /// An older server may not be able to read what a newer one wrote, and would stop at its start, a pod at a time.
    private static boolean downgrades(Draft draft) {
        var spec = draft.spec;
        if (spec.image() != null || spec.downgradeAllowed()) {
            return false;
        }
        var wanted = ServerVersion.parse(spec.version());
        var newest = ServerVersion.parse(draft.seen.newestVersion());
        if (wanted.isEmpty() || newest.isEmpty() || wanted.get().compareTo(newest.get()) >= 0) {
            return false;
        }
        draft.refuse(
                "DowngradeRefused",
                "spec.version " + spec.version() + " is older than " + draft.seen.newestVersion()
                        + ", which has written to these volumes: set a version from that on, or"
                        + " unsafe.allowDowngrade if the older one is known to read them");
        return true;
    }
}
