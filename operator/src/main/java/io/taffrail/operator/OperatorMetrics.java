package io.taffrail.operator;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.taffrail.operator.apply.ActionResult;
import io.taffrail.operator.crd.Condition;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// What alerts go by: the conditions of every cluster as numbers, and what the operator does.
@ApplicationScoped
public class OperatorMetrics {
    private record Resource(String kind, String namespace, String name) {}

    private record Standing(List<Condition> conditions, int readyReplicas) {}

    private final MeterRegistry registry;
    private final MultiGauge conditions;
    private final MultiGauge readyReplicas;
    private final Map<Resource, Standing> standings = new ConcurrentHashMap<>();

    public OperatorMetrics(MeterRegistry registry) {
        this.registry = registry;
        conditions = MultiGauge.builder("taffrail.operator.condition")
                .description("A condition of a resource: 1 true, 0 false, -1 unknown.")
                .register(registry);
        readyReplicas = MultiGauge.builder("taffrail.operator.ready.replicas").register(registry);
    }

    void stands(String kind, String namespace, String name, List<Condition> now, int ready) {
        standings.put(new Resource(kind, namespace, name), new Standing(List.copyOf(now), ready));
        publish();
    }

    void gone(String kind, String namespace, String name) {
        standings.remove(new Resource(kind, namespace, name));
        publish();
    }

    void performed(ActionResult result) {
        var outcome = switch (result) {
            case ActionResult.Done done -> "done";
            case ActionResult.Failed failed -> "failed";
        };
        registry.counter(
                        "taffrail.operator.actions",
                        "action",
                        result.action().getClass().getSimpleName(),
                        "outcome",
                        outcome)
                .increment();
    }

    void passed(Duration duration) {
        registry.timer("taffrail.operator.pass").record(duration);
    }

    private synchronized void publish() {
        var rows = new ArrayList<MultiGauge.Row<?>>();
        var ready = new ArrayList<MultiGauge.Row<?>>();
        standings.forEach((resource, standing) -> {
            var tags = Tags.of("kind", resource.kind(), "namespace", resource.namespace(), "name", resource.name());
            for (var condition : standing.conditions()) {
                rows.add(MultiGauge.Row.of(tags.and("condition", condition.type()), value(condition)));
            }
            ready.add(MultiGauge.Row.of(tags, standing.readyReplicas()));
        });
        conditions.register(rows, true);
        readyReplicas.register(ready, true);
    }

    private static int value(Condition condition) {
        return switch (condition.status()) {
            case True -> 1;
            case False -> 0;
            case Unknown -> -1;
        };
    }
}
