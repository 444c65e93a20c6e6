package io.taffrail.operator;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import io.taffrail.operator.crd.LogCluster;
import io.taffrail.operator.resource.ClusterNames;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/// Brings a LogCluster closer to its spec, a pass at a time; see [ClusterPass] for the four phases. It has no
/// finalizer: owner references take everything with the LogCluster, also while the operator is away.
@GradualRetry(
        maxAttempts = LogClusterReconciler.ATTEMPTS_WITHOUT_END,
        maxInterval = LogClusterReconciler.LONGEST_RETRY_MILLIS)
@ControllerConfiguration(
        name = "logcluster",
        informer =
                @Informer(
                        itemStore = MetadataStore.OfClusters.class,
                        informerListLimit = LogClusterReconciler.LISTED_AT_ONCE))
public class LogClusterReconciler implements Reconciler<LogCluster> {
    private static final Logger LOG = Logger.getLogger(LogClusterReconciler.class);

    /// With the SDK's few attempts an API server that is away for half a minute, when a status or a finalizer is to be
    /// written, would leave a resource to itself until something else happens to it.
    static final int ATTEMPTS_WITHOUT_END = -1;

    static final long LONGEST_RETRY_MILLIS = 30_000;

    /// Objects of one answer of the API server: whole ones, which need memory until they have been reduced.
    static final long LISTED_AT_ONCE = 100;

    private final ClusterPass pass;
    private final KubernetesClient client;
    private final OperatorMetrics metrics;

    public LogClusterReconciler(ClusterPass pass, KubernetesClient client, OperatorMetrics metrics) {
        this.pass = pass;
        this.client = client;
        this.metrics = metrics;
    }

    @Override
    public UpdateControl<LogCluster> reconcile(LogCluster cached, Context<LogCluster> context) {
        LogCluster cluster;
        try {
            // Read again: what was cached may be older than the status that this operator wrote itself.
            cluster = client.resource(cached).get();
        } catch (KubernetesClientException e) {
            // Not left to the framework, whose pauses grow with an outage.
            LOG.warnf("%s could not be read: %s", cached.getMetadata().getName(), e.getMessage());
            return UpdateControl.<LogCluster>noUpdate().rescheduleAfter(pass.retryInterval());
        }
        if (cluster == null || cluster.isMarkedForDeletion()) {
            return UpdateControl.noUpdate();
        }
        var again = pass.run(cluster);
        // It may have gone meanwhile, and then nobody tells of it any more.
        if (context.getPrimaryCache().get(ResourceID.fromResource(cached)).isEmpty()) {
            forget(cached);
        }
        return UpdateControl.<LogCluster>noUpdate().rescheduleAfter(again);
    }

    private void forget(LogCluster cluster) {
        metrics.gone(
                cluster.getKind(),
                cluster.getMetadata().getNamespace(),
                cluster.getMetadata().getName());
    }

    @Override
    public List<EventSource<?, LogCluster>> prepareEventSources(EventSourceContext<LogCluster> context) {
        return List.of(
                new Departures<>(LogCluster.class, this::forget),
                owned(StatefulSet.class, StatefulSet::new, context),
                owned(Pod.class, Pod::new, context),
                owned(Service.class, Service::new, context),
                owned(ConfigMap.class, ConfigMap::new, context));
    }

    private static <R extends HasMetadata> EventSource<R, LogCluster> owned(
            Class<R> kind, Supplier<R> empty, EventSourceContext<LogCluster> context) {
        return new InformerEventSource<>(
                InformerEventSourceConfiguration.from(kind, LogCluster.class)
                        .withName(kind.getSimpleName())
                        .withLabelSelector(ClusterNames.MANAGED_BY_LABEL + "=" + ClusterNames.OPERATOR)
                        .withItemStore(MetadataStore.of(empty))
                        .withInformerListLimit(LISTED_AT_ONCE)
                        .withSecondaryToPrimaryMapper(LogClusterReconciler::cluster)
                        .build(),
                context);
    }

    private static Set<ResourceID> cluster(HasMetadata owned) {
        var labels = owned.getMetadata().getLabels();
        var cluster = labels == null ? null : labels.get(ClusterNames.CLUSTER_LABEL);
        return cluster == null
                ? Set.of()
                : Set.of(new ResourceID(cluster, owned.getMetadata().getNamespace()));
    }
}
