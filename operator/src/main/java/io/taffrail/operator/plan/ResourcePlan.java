package io.taffrail.operator.plan;

/// The cluster's objects, and the pod template with its rule: a newer operator restarts no pod by itself.
final class ResourcePlan {
    private ResourcePlan() {}

    static void plan(Draft draft) {
        draft.seen.outdatedResources().stream().map(Action.ApplyResource::new).forEach(draft::act);
        var set = draft.seen.statefulSet();
        if (set == null || !set.templateOutdated()) {
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
}
