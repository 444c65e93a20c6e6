package io.taffrail.operator.stream;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.taffrail.operator.control.CallOutcome;
import io.taffrail.operator.control.ReplicaAddress;
import io.taffrail.operator.control.ReplicaChannels;
import io.taffrail.operator.crd.Condition;
import io.taffrail.operator.crd.Condition.Status;
import io.taffrail.operator.crd.LogCluster;
import io.taffrail.operator.crd.LogStream;
import io.taffrail.operator.crd.LogStreamSpec.DeletionPolicy;
import io.taffrail.operator.crd.LogStreamStatus;
import io.taffrail.operator.crd.UnreadableFieldException;
import io.taffrail.operator.observe.TlsReading;
import io.taffrail.operator.resource.ClusterNames;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.HttpURLConnection;
import java.time.Instant;
import java.util.List;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// One look at one stream, and what follows from it.
@ApplicationScoped
public class StreamPass {
    private static final Logger LOG = Logger.getLogger(StreamPass.class);

    private static final String AS_SPECIFIED = "AsSpecified";
    /// What it says while all is well must not change from pass to pass.
    private static final String AS_THE_SPEC_ASKS = "the stream is as the spec asks";

    private static final String HIBERNATED = "Hibernated";
    private static final String PAUSED = "Paused";

    private final KubernetesClient client;
    private final ReplicaChannels channels;

    public StreamPass(KubernetesClient client, ReplicaChannels channels) {
        this.client = client;
        this.channels = channels;
    }

    /// The stream's status after this pass, also after one that failed: a refusal that only the log tells is one that
    /// nobody sees.
    public LogStreamStatus reconcile(LogStream stream, Instant now) {
        try {
            return look(stream, now);
        } catch (KubernetesClientException e) {
            return failed(stream, "KubernetesRefused", e, now);
        } catch (UnreadableFieldException e) {
            return failed(stream, "SpecUnreadable", e, now);
        } catch (RuntimeException e) {
            return failed(stream, "ReconcileFailed", e, now);
        }
    }

    private static LogStreamStatus failed(LogStream stream, String reason, RuntimeException failure, Instant now) {
        if (failure instanceof UnreadableFieldException) {
            LOG.warnf("%s: %s", owner(stream), failure.getMessage());
        } else {
            LOG.errorf(failure, "%s failed", owner(stream));
        }
        return status(stream, null, null, reason, String.valueOf(failure.getMessage()), now);
    }

    private LogStreamStatus look(LogStream stream, Instant now) {
        var spec = stream.getSpec();
        var cluster = cluster(stream);
        if (cluster == null) {
            return status(
                    stream,
                    null,
                    null,
                    "ClusterNotFound",
                    "no LogCluster " + spec.clusterRef().name(),
                    now);
        }
        if (cluster.getSpec().hibernated()) {
            return status(stream, cluster, null, HIBERNATED, "the cluster's lifecycle is Hibernated", now);
        }
        if (cluster.getSpec().paused()) {
            return status(stream, cluster, null, PAUSED, "the cluster's management is Paused: nothing is changed", now);
        }
        var calls = calls(cluster);
        if (calls == null) {
            return status(stream, cluster, null, "NoLeader", "the cluster has no leader to ask", now);
        }
        var live = calls.describe(spec.streamName());
        return switch (live) {
            case CallOutcome.Unreachable<ObservedStream>(String message) ->
                status(stream, cluster, null, "LeaderUnreachable", message, now);
            case CallOutcome.Refused<ObservedStream>(String code, String message)
            when !code.equals(StreamCalls.NOT_FOUND) -> status(stream, cluster, null, "Refused", message, now);
            case CallOutcome.Refused<ObservedStream> none -> perform(stream, cluster, calls, null, now);
            case CallOutcome.Answer<ObservedStream>(ObservedStream found) ->
                perform(stream, cluster, calls, found, now);
        };
    }

    private LogStreamStatus perform(
            LogStream stream, LogCluster cluster, StreamCalls calls, @Nullable ObservedStream live, Instant now) {
        var name = stream.getSpec().streamName();
        return switch (StreamPlanner.plan(stream.getSpec(), owner(stream), live, manager(stream, live))) {
            case StreamPlanner.Step.Create(ObservedStream.Config config) ->
                after(stream, cluster, calls.create(name, config), now);
            case StreamPlanner.Step.Update(ObservedStream.Config config) ->
                after(stream, cluster, calls.update(name, config), now);
            case StreamPlanner.Step.Keep() -> status(stream, cluster, live, AS_SPECIFIED, AS_THE_SPEC_ASKS, now);
            case StreamPlanner.Step.Refuse(String reason, String message) ->
                status(stream, cluster, null, reason, message, now);
        };
    }

    /// The LogStream that the stream's label names, as long as there is one: a stream that is retained keeps the label
    /// of the LogStream that is gone. One of another namespace has another cluster.
    private @Nullable String manager(LogStream stream, @Nullable ObservedStream live) {
        var label = live == null ? null : StreamPlanner.label(live);
        if (label == null || label.equals(owner(stream))) {
            return label;
        }
        var namespace = stream.getMetadata().getNamespace();
        if (!label.startsWith(namespace + "/")) {
            return null;
        }
        var other = client.resources(LogStream.class)
                .inNamespace(namespace)
                .withName(label.substring(namespace.length() + 1))
                .get();
        var same = other != null
                && other.getSpec().clusterRef().equals(stream.getSpec().clusterRef())
                && other.getSpec().streamName().equals(stream.getSpec().streamName());
        return same ? label : null;
    }

    private static LogStreamStatus after(
            LogStream stream, LogCluster cluster, CallOutcome<ObservedStream> outcome, Instant now) {
        return switch (outcome) {
            case CallOutcome.Answer<ObservedStream>(ObservedStream made) ->
                status(stream, cluster, made, AS_SPECIFIED, AS_THE_SPEC_ASKS, now);
            case CallOutcome.Refused<ObservedStream>(String code, String message) ->
                status(stream, cluster, null, "Refused", code + ": " + message, now);
            case CallOutcome.Unreachable<ObservedStream>(String message) ->
                status(stream, cluster, null, "LeaderUnreachable", message, now);
        };
    }

    /// The status of one that is deleted and [#leave] does not let go.
    public static LogStreamStatus waiting(LogStream stream, String waits, Instant now) {
        return status(stream, null, null, "WaitsToBeDeleted", waits, now);
    }

    /// What a deletion waits for; null: the LogStream may go. It always may where there is nothing to delete from: a
    /// finalizer that waits for a cluster that is gone keeps a namespace for ever.
    public @Nullable String leave(LogStream stream) {
        var spec = stream.getSpec();
        // In this order: in a namespace that goes, the right to read the cluster may have gone already.
        if (spec.deletionPolicy() == DeletionPolicy.Retain || namespaceGoes(stream)) {
            return null;
        }
        var cluster = cluster(stream);
        if (cluster == null || cluster.isMarkedForDeletion()) {
            return null;
        }
        if (cluster.getSpec().paused()) {
            return "the cluster's management is Paused: nothing is deleted from it";
        }
        var calls = calls(cluster);
        if (calls == null) {
            return "the cluster has no leader to delete the stream from";
        }
        return switch (calls.describeForCertain(spec.streamName())) {
            case CallOutcome.Answer<ObservedStream>(ObservedStream live)
            when StreamPlanner.isManagedBy(owner(stream), live) -> {
                var outcome = calls.delete(spec.streamName());
                yield outcome instanceof CallOutcome.Answer<?> ? null : outcome.describe();
            }
            case CallOutcome.Answer<ObservedStream> others -> null;
            case CallOutcome.Refused<ObservedStream>(String code, String message)
            when code.equals(StreamCalls.NOT_FOUND) -> null;
            // Only that there is no such stream is a reason to let go: whoever does not know must be asked again, or
            // the stream stays for ever.
            case CallOutcome.Refused<ObservedStream> unknown -> unknown.describe();
            case CallOutcome.Unreachable<ObservedStream> unknown -> unknown.describe();
        };
    }

    private boolean namespaceGoes(LogStream stream) {
        try {
            var namespace = client.namespaces()
                    .withName(stream.getMetadata().getNamespace())
                    .get();
            return namespace == null || namespace.getMetadata().getDeletionTimestamp() != null;
        } catch (KubernetesClientException e) {
            // One that is given a few namespaces may have no right to look at the namespaces themselves.
            if (e.getCode() == HttpURLConnection.HTTP_FORBIDDEN) {
                return false;
            }
            throw e;
        }
    }

    private @Nullable LogCluster cluster(LogStream stream) {
        return client.resources(LogCluster.class)
                .inNamespace(stream.getMetadata().getNamespace())
                .withName(stream.getSpec().clusterRef().name())
                .get();
    }

    /// Null: nobody leads, or its pod has no address.
    private @Nullable StreamCalls calls(LogCluster cluster) {
        var status = cluster.getStatus();
        var leader = status == null ? null : status.leader();
        if (leader == null) {
            return null;
        }
        var names = ClusterNames.of(cluster);
        var pod = client.pods()
                .inNamespace(names.namespace())
                .withName(leader.pod())
                .get();
        var ip = pod == null || pod.getStatus() == null ? null : pod.getStatus().getPodIP();
        if (ip == null) {
            return null;
        }
        var tls = TlsReading.read(client, cluster);
        var host = names.podHost(ClusterNames.ordinal(leader.pod()));
        var address = new ReplicaAddress(ip, ClusterNames.CLIENT_PORT, host, tls == null ? "" : tls.secretName());
        return new StreamCalls(channels, address, tls == null ? null : tls.credentials());
    }

    static String owner(LogStream stream) {
        return stream.getMetadata().getNamespace() + "/" + stream.getMetadata().getName();
    }

    private static LogStreamStatus status(
            LogStream stream,
            @Nullable LogCluster cluster,
            @Nullable ObservedStream live,
            String reason,
            String message,
            Instant now) {
        var before = stream.getStatus();
        var ready = switch (reason) {
            case AS_SPECIFIED -> Status.True;
            // False would alert for as long as the cluster is at rest.
            case HIBERNATED, PAUSED -> Status.Unknown;
            default -> Status.False;
        };
        var known = before == null ? List.<Condition>of() : before.conditions();
        var last = known.stream()
                .filter(it -> it.type().equals("Ready"))
                .findFirst()
                .orElse(null);
        var generation = stream.getMetadata().getGeneration();
        var spec = stream.getSpec();
        var defaults = cluster == null ? null : cluster.getSpec();
        return new LogStreamStatus(
                generation,
                live != null ? live.streamId() : before == null ? null : before.streamId(),
                spec.commitMode() != null ? spec.commitMode() : defaults == null ? null : defaults.commitMode(),
                spec.replicationMode() != null
                        ? spec.replicationMode()
                        : defaults == null ? null : defaults.replicationMode(),
                List.of(Condition.of("Ready", ready, reason, message).since(last, now.toString(), generation)));
    }
}
