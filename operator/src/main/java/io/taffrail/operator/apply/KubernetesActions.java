package io.taffrail.operator.apply;

import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.RollableScalableResource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.taffrail.operator.observe.ObservedCluster.Recovery;
import io.taffrail.operator.plan.Action;
import io.taffrail.operator.plan.Action.Role;
import io.taffrail.operator.resource.ClusterNames;
import io.taffrail.operator.resource.ClusterResources;
import io.taffrail.operator.resource.Drift;
import java.net.HttpURLConnection;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.function.UnaryOperator;

/// The actions that write to the API server.
public final class KubernetesActions {
    private static final PatchContext MERGE = PatchContext.of(PatchType.JSON_MERGE);

    private static final int EVENT_CHARACTERS_MAX = 1_000;

    private final KubernetesClient client;

    public KubernetesActions(KubernetesClient client) {
        this.client = client;
    }

    void grow(ClusterWrite target, Action.GrowClaim grow) {
        editClaim(
                target,
                grow.claim(),
                claim -> new PersistentVolumeClaimBuilder(claim)
                        .editSpec()
                        .editResources()
                        .addToRequests("storage", new Quantity(String.valueOf(grow.bytes())))
                        .endResources()
                        .endSpec()
                        .build());
    }

    void own(ClusterWrite target, Action.OwnClaim own) {
        var owner = ClusterNames.owner(target.cluster());
        editClaim(target, own.claim(), claim -> {
            var references = claim.getMetadata().getOwnerReferences().stream()
                    .filter(reference -> !reference.getUid().equals(owner.getUid()))
                    .toList();
            var builder = new PersistentVolumeClaimBuilder(claim).editMetadata().withOwnerReferences(references);
            return (own.owned() ? builder.addToOwnerReferences(owner) : builder)
                    .endMetadata()
                    .build();
        });
    }

    private void editClaim(ClusterWrite target, String name, UnaryOperator<PersistentVolumeClaim> change) {
        client.persistentVolumeClaims()
                .inNamespace(target.names().namespace())
                .withName(name)
                .edit(change);
    }

    void apply(ClusterResources wanted, Action.ApplyResource apply) {
        if (apply.resource().equals(ClusterResources.key(wanted.statefulSet()))) {
            applySet(wanted.statefulSet());
            return;
        }
        var resource = wanted.owned().stream()
                .filter(candidate -> ClusterResources.key(candidate).equals(apply.resource()))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("not a resource of the cluster: " + apply.resource()));
        var live = client.resource(resource).get();
        switch (live) {
            case null -> client.resource(resource).create();
            // Replaced, not merged: a selector with one word more selects nothing.
            case Service service ->
                client.resource(repaired(service, (Service) resource)).update();
            case HasMetadata other -> merge(resource);
        }
    }

    /// What the resource says, over what is there; what others added stays.
    private void merge(HasMetadata resource) {
        client.genericKubernetesResources(resource.getApiVersion(), resource.getKind())
                .inNamespace(resource.getMetadata().getNamespace())
                .withName(resource.getMetadata().getName())
                .edit(live -> Drift.repaired(resource, live, GenericKubernetesResource.class));
    }

    private static Service repaired(Service live, Service wanted) {
        return new ServiceBuilder(live)
                .editMetadata()
                .addToLabels(wanted.getMetadata().getLabels())
                .withOwnerReferences(wanted.getMetadata().getOwnerReferences())
                .endMetadata()
                .editSpec()
                .withSelector(wanted.getSpec().getSelector())
                .withPorts(wanted.getSpec().getPorts())
                .withPublishNotReadyAddresses(wanted.getSpec().getPublishNotReadyAddresses())
                .endSpec()
                .build();
    }

    private void applySet(StatefulSet wanted) {
        if (client.resource(wanted).get() == null) {
            client.resource(wanted).create();
            return;
        }
        sets(wanted)
                .edit(live -> new StatefulSetBuilder(live)
                        .editMetadata()
                        .addToLabels(wanted.getMetadata().getLabels())
                        .withOwnerReferences(wanted.getMetadata().getOwnerReferences())
                        .endMetadata()
                        .editSpec()
                        .withUpdateStrategy(wanted.getSpec().getUpdateStrategy())
                        .withPersistentVolumeClaimRetentionPolicy(
                                wanted.getSpec().getPersistentVolumeClaimRetentionPolicy())
                        .endSpec()
                        .build());
    }

    /// By name: an edit of a resource that is handed in starts from that one and not from the live one.
    private RollableScalableResource<StatefulSet> sets(StatefulSet set) {
        return client.apps()
                .statefulSets()
                .inNamespace(set.getMetadata().getNamespace())
                .withName(set.getMetadata().getName());
    }

    void applyTemplate(ClusterResources wanted) {
        var set = wanted.statefulSet();
        sets(set)
                .edit(live -> new StatefulSetBuilder(live)
                        .editMetadata()
                        .addToAnnotations(set.getMetadata().getAnnotations())
                        .endMetadata()
                        .editSpec()
                        .withTemplate(set.getSpec().getTemplate())
                        .endSpec()
                        .build());
    }

    void scale(ClusterResources wanted, Action.ScalePods scale) {
        sets(wanted.statefulSet())
                .edit(live -> new StatefulSetBuilder(live)
                        .editSpec()
                        .withReplicas(scale.replicas())
                        .endSpec()
                        .build());
    }

    void label(ClusterWrite target, Action.LabelPod label) {
        var role = label.role() == Role.LEADER ? "leader" : "follower";
        client.pods()
                .inNamespace(target.names().namespace())
                .withName(label.pod())
                .patch(MERGE, "{\"metadata\":{\"labels\":{\"" + ClusterNames.ROLE_LABEL + "\":\"" + role + "\"}}}");
    }

    /// Once for each decision and once for its end; what was told already is not told again.
    void tell(ClusterWrite target, Recovery recovery) {
        var cluster = target.cluster();
        var text = (recovery.completed() ? "carried out: " : "a person accepted the loss: ")
                + "the log of " + target.names().pod(recovery.from()) + " goes on, voters " + recovery.survivors()
                + ", from LSN " + Long.toUnsignedString(recovery.expectedLastLsn()) + "; "
                + String.join("; ", recovery.plan());
        var now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        var event = new EventBuilder()
                .withNewMetadata()
                .withName(target.names().cluster() + "." + recovery.requestId() + (recovery.completed() ? ".done" : ""))
                .withNamespace(target.names().namespace())
                .endMetadata()
                .withNewInvolvedObject()
                .withApiVersion(cluster.getApiVersion())
                .withKind(cluster.getKind())
                .withName(target.names().cluster())
                .withNamespace(target.names().namespace())
                .withUid(cluster.getMetadata().getUid())
                .endInvolvedObject()
                .withType("Warning")
                .withReason(recovery.completed() ? "ForcedRecoveryDone" : "ForcedRecovery")
                .withMessage(text.substring(0, Math.min(text.length(), EVENT_CHARACTERS_MAX)))
                .withFirstTimestamp(now)
                .withLastTimestamp(now)
                .withCount(1)
                .withNewSource()
                .withComponent(ClusterNames.OPERATOR)
                .endSource()
                .build();
        try {
            client.resource(event).create();
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                throw e;
            }
        }
    }

    void restart(ClusterWrite target, Action.RestartPod restart) {
        var pod = client.pods()
                .inNamespace(target.names().namespace())
                .withName(restart.pod())
                .get();
        if (pod != null && restart.uid().equals(pod.getMetadata().getUid())) {
            client.resource(pod).lockResourceVersion().delete();
        }
    }
}
