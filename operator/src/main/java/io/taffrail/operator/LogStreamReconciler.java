package io.taffrail.operator;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.Cleaner;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.DeleteControl;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import io.taffrail.operator.crd.LogStream;
import io.taffrail.operator.crd.LogStreamStatus;
import io.taffrail.operator.stream.StreamPass;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jboss.logging.Logger;

/// Keeps a stream of the log as its LogStream says. The finalizer is there for deletionPolicy Delete, and lets go
/// whenever there is nothing left to delete the stream from.
@GradualRetry(
        maxAttempts = LogClusterReconciler.ATTEMPTS_WITHOUT_END,
        maxInterval = LogClusterReconciler.LONGEST_RETRY_MILLIS)
@ControllerConfiguration(
        name = "logstream",
        informer =
                @Informer(
                        itemStore = MetadataStore.OfStreams.class,
                        informerListLimit = LogClusterReconciler.LISTED_AT_ONCE))
public class LogStreamReconciler implements Reconciler<LogStream>, Cleaner<LogStream> {
    private static final Logger LOG = Logger.getLogger(LogStreamReconciler.class);

    private final StreamPass pass;
    private final KubernetesClient client;
    private final OperatorConfig config;
    private final OperatorMetrics metrics;

    public LogStreamReconciler(
            StreamPass pass, KubernetesClient client, OperatorConfig config, OperatorMetrics metrics) {
        this.pass = pass;
        this.client = client;
        this.config = config;
        this.metrics = metrics;
    }

    @Override
    public UpdateControl<LogStream> reconcile(LogStream cached, Context<LogStream> context) {
        try {
            var stream = client.resource(cached).get();
            if (stream == null || stream.isMarkedForDeletion()) {
                return UpdateControl.noUpdate();
            }
            var status = pass.reconcile(stream, Instant.now());
            count(stream, status, context);
            return UpdateControl.<LogStream>noUpdate().rescheduleAfter(write(stream, status));
        } catch (KubernetesClientException e) {
            // Not left to the framework, whose pauses grow with an outage.
            LOG.warnf("%s could not be read: %s", cached.getMetadata().getName(), e.getMessage());
            return UpdateControl.<LogStream>noUpdate().rescheduleAfter(config.busyInterval());
        }
    }

    @Override
    public List<EventSource<?, LogStream>> prepareEventSources(EventSourceContext<LogStream> context) {
        return List.of(new Departures<>(LogStream.class, this::forget));
    }

    private void forget(LogStream stream) {
        metrics.gone(
                stream.getKind(),
                stream.getMetadata().getNamespace(),
                stream.getMetadata().getName());
    }

    private void count(LogStream stream, LogStreamStatus status, Context<LogStream> context) {
        metrics.stands(
                stream.getKind(),
                stream.getMetadata().getNamespace(),
                stream.getMetadata().getName(),
                status.conditions());
        // It may have gone meanwhile, and then nobody tells of it any more.
        if (context.getPrimaryCache().get(ResourceID.fromResource(stream)).isEmpty()) {
            forget(stream);
        }
    }

    private Duration write(LogStream stream, LogStreamStatus status) {
        if (!Objects.equals(stream.getStatus(), status)) {
            LOG.infof("%s: %s", stream.getMetadata().getName(), status.conditions());
            var next = new LogStream();
            next.setMetadata(stream.getMetadata());
            next.setSpec(stream.getSpec());
            next.setStatus(status);
            try {
                client.resource(next).updateStatus();
            } catch (KubernetesClientException e) {
                // Written by someone first, or gone: the next pass sees what it is.
                LOG.debugf(e, "status of %s not written", stream.getMetadata().getName());
                return config.busyInterval();
            }
        }
        return status.atRest() ? config.idleInterval() : config.busyInterval();
    }

    @Override
    public DeleteControl cleanup(LogStream stream, Context<LogStream> context) {
        String waits;
        try {
            waits = pass.leave(stream);
        } catch (RuntimeException e) {
            // Not left to the framework: who waits for the deletion is to see why.
            waits = "it could not be left: " + e.getMessage();
        }
        if (waits == null) {
            return DeleteControl.defaultDelete();
        }
        tell(stream, waits, context);
        return DeleteControl.noFinalizerRemoval().rescheduleAfter(config.busyInterval());
    }

    /// Who waits for the deletion looks at the LogStream, not at the operator's log.
    private void tell(LogStream going, String waits, Context<LogStream> context) {
        try {
            // What is cached has no status.
            var stream = client.resource(going).get();
            if (stream != null) {
                var status = StreamPass.waiting(stream, waits, Instant.now());
                count(stream, status, context);
                write(stream, status);
            }
        } catch (KubernetesClientException e) {
            LOG.warnf("%s waits to be deleted (%s): %s", going.getMetadata().getName(), waits, e.getMessage());
        }
    }
}
