package io.taffrail.operator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.taffrail.operator.crd.Condition;
import io.taffrail.operator.crd.Condition.Status;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

final class OperatorMetricsTest {
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final OperatorMetrics metrics = new OperatorMetrics(registry);

    private static Condition condition(String type, Status status) {
        return Condition.of(type, status, "Reason", "message");
    }

    private Map<String, Double> shown() {
        return registry.getMeters().stream()
                .map(Meter::getId)
                .collect(Collectors.toMap(
                        id -> String.join(
                                " ",
                                id.getTags().stream().map(tag -> tag.getValue()).toList()),
                        id -> registry.get(id.getName())
                                .tags(id.getTags())
                                .gauge()
                                .value()));
    }

    @Test
    void showsWhatEachResourceSaidLast() {
        metrics.stands("LogStream", "shop", "a", List.of(condition("Ready", Status.False)));
        metrics.stands("LogStream", "shop", "b", List.of(condition("Ready", Status.Unknown)));
        metrics.stands("LogStream", "shop", "a", List.of(condition("Ready", Status.True)));
        assertEquals(Map.of("Ready LogStream a shop", 1.0, "Ready LogStream b shop", -1.0), shown());
    }

    @Test
    void showsNothingOfWhatIsGoneAndShowsItAgainWhenItIsBack() {
        metrics.stands("LogCluster", "shop", "a", List.of(condition("Ready", Status.True)));
        metrics.ready("LogCluster", "shop", "a", 3);
        metrics.stands("LogStream", "shop", "a", List.of(condition("Ready", Status.True)));
        metrics.gone("LogCluster", "shop", "a");
        metrics.gone("LogCluster", "shop", "never was");
        assertEquals(Map.of("Ready LogStream a shop", 1.0), shown());

        metrics.ready("LogCluster", "shop", "a", 2);
        assertEquals(Map.of("Ready LogStream a shop", 1.0, "LogCluster a shop", 2.0), shown());
    }
}
