package io.taffrail.operator;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.taffrail.operator.apply.ActionResult;
import io.taffrail.operator.crd.Condition;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/// What alerts go by: the conditions of every cluster and every stream as numbers, and what the operator does.
@ApplicationScoped
public class OperatorMetrics {
    private static final String CONDITION = "taffrail.operator.condition";
    private static final String READY_REPLICAS = "taffrail.operator.ready.replicas";

    private record Resource(String kind, String namespace, String name) {
        Tags tags() {
            return Tags.of("kind", kind, "namespace", namespace, "name", name);
        }
    }

    private record Series(String metric, Tags tags) {}

    private record Shown(AtomicInteger value, Gauge gauge) {}

    private final MeterRegistry registry;
    /// A gauge is made once and then set: there may be thousands of streams, and each is looked at all the time.
    private final Map<Resource, Map<Series, Shown>> shown = new ConcurrentHashMap<>();

    public OperatorMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    /// Passes over one resource come one after the other.
    void stands(String kind, String namespace, String name, List<Condition> now) {
        var resource = new Resource(kind, namespace, name);
        for (var condition : now) {
            set(resource, new Series(CONDITION, resource.tags().and("condition", condition.type())), value(condition));
        }
    }

    void ready(String kind, String namespace, String name, int replicas) {
        var resource = new Resource(kind, namespace, name);
        set(resource, new Series(READY_REPLICAS, resource.tags()), replicas);
    }

    void gone(String kind, String namespace, String name) {
        var series = shown.remove(new Resource(kind, namespace, name));
        if (series != null) {
            series.values().forEach(it -> registry.remove(it.gauge()));
        }
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

    private void set(Resource resource, Series series, int value) {
        shown.computeIfAbsent(resource, it -> new ConcurrentHashMap<>())
                .computeIfAbsent(series, this::show)
                .value()
                .set(value);
    }

    private Shown show(Series series) {
        var value = new AtomicInteger();
        var description = series.metric().equals(CONDITION)
                ? "A condition of a resource: 1 true, 0 false, -1 unknown."
                : "Pods of a cluster that are ready.";
        return new Shown(
                value,
                Gauge.builder(series.metric(), value, AtomicInteger::get)
                        .description(description)
                        .tags(series.tags())
                        .register(registry));
    }

    private static int value(Condition condition) {
        return switch (condition.status()) {
            case True -> 1;
            case False -> 0;
            case Unknown -> -1;
        };
    }
}
