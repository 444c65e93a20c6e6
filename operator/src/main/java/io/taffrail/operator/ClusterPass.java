package io.taffrail.operator;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.taffrail.operator.apply.ActionApplier;
import io.taffrail.operator.apply.ClusterWrite;
import io.taffrail.operator.apply.ControlActions;
import io.taffrail.operator.apply.KubernetesActions;
import io.taffrail.operator.control.ReplicaChannels;
import io.taffrail.operator.crd.LogCluster;
import io.taffrail.operator.crd.UnreadableFieldException;
import io.taffrail.operator.observe.ClusterObserver;
import io.taffrail.operator.observe.TlsReading;
import io.taffrail.operator.plan.ClusterPlanner;
import io.taffrail.operator.report.ClusterReport;
import io.taffrail.operator.resource.ClusterResources;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Duration;
import org.jboss.logging.Logger;

/// One look at one cluster, and what follows from it: observe, plan, apply, report.
@ApplicationScoped
public class ClusterPass {
    private static final Logger LOG = Logger.getLogger(ClusterPass.class);

    private final KubernetesClient client;
    private final OperatorConfig config;
    private final OperatorMetrics metrics;
    private final ClusterObserver observer;
    private final ClusterPlanner planner;
    private final ActionApplier applier;
    private final Clock clock = Clock.systemUTC();

    public ClusterPass(
            KubernetesClient client, ReplicaChannels channels, OperatorConfig config, OperatorMetrics metrics) {
        this.client = client;
        this.config = config;
        this.metrics = metrics;
        observer = new ClusterObserver(client, channels);
        planner = new ClusterPlanner(config.settleTime());
        applier = new ActionApplier(new KubernetesActions(client), new ControlActions(channels));
    }

    /// Returns when to look again.
    Duration run(LogCluster cluster) {
        var now = clock.instant();
        var target = new ClusterWrite(client, cluster, now);
        try {
            var wanted = ClusterResources.of(cluster, config.serverRepository());
            var tls = TlsReading.read(client, cluster);
            var seen = observer.observe(cluster, wanted, tls);
            var plan = planner.plan(cluster.getSpec(), seen, now);
            var results = applier.apply(target, wanted, seen, tls, plan);
            for (var result : results) {
                LOG.infof("%s/%s: %s", seen.namespace(), seen.name(), result);
                metrics.performed(result);
            }
            var status = ClusterReport.of(cluster.getSpec(), target.status(), seen, plan, results, now);
            target.write(status);
            metrics.stands(cluster.getKind(), seen.namespace(), seen.name(), status.conditions());
            metrics.ready(
                    cluster.getKind(),
                    seen.namespace(),
                    seen.name(),
                    status.readyReplicas() == null ? 0 : status.readyReplicas());
            metrics.passed(Duration.between(now, clock.instant()));
            return plan.underWay() ? config.busyInterval() : config.idleInterval();
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
                return config.busyInterval();
            }
            return failed(target, "KubernetesRefused", e);
        } catch (UnreadableFieldException e) {
            return failed(target, "SpecUnreadable", e);
        } catch (RuntimeException e) {
            return failed(target, "ReconcileFailed", e);
        }
    }

    /// A refusal that only the log tells is one that nobody sees.
    private Duration failed(ClusterWrite target, String reason, RuntimeException failure) {
        var metadata = target.cluster().getMetadata();
        if (failure instanceof UnreadableFieldException) {
            LOG.warnf("%s/%s: %s", metadata.getNamespace(), metadata.getName(), failure.getMessage());
        } else {
            LOG.errorf(failure, "%s/%s failed", metadata.getNamespace(), metadata.getName());
        }
        var status = ClusterReport.failed(
                target.status(),
                metadata.getGeneration(),
                reason,
                String.valueOf(failure.getMessage()),
                clock.instant());
        // First: an alert must not need the status to be written.
        metrics.stands(target.cluster().getKind(), metadata.getNamespace(), metadata.getName(), status.conditions());
        try {
            target.write(status);
        } catch (KubernetesClientException e) {
            LOG.warnf("and its status could not be written: %s", e.getMessage());
        }
        return config.busyInterval();
    }

    /// When to look again after the API server did not even show the cluster.
    Duration retryInterval() {
        return config.busyInterval();
    }
}
