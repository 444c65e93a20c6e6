package io.taffrail.operator;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.processing.event.source.AbstractEventSource;
import io.javaoperatorsdk.operator.processing.event.source.ResourceEventAware;
import java.util.Set;
import java.util.function.Consumer;

/// Tells when a resource is gone. No pass sees that: what is deleted is not reconciled any more, and an alert on what
/// it said last would never end.
final class Departures<P extends HasMetadata> extends AbstractEventSource<P, P> implements ResourceEventAware<P> {
    private final Consumer<P> gone;

    Departures(Class<P> kind, Consumer<P> gone) {
        super(kind, "Departures");
        this.gone = gone;
    }

    @Override
    public void onResourceDeleted(P resource) {
        gone.accept(resource);
    }

    @Override
    public Set<P> getSecondaryResources(P primary) {
        return Set.of();
    }
}
