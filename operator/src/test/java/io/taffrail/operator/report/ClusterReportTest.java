package io.taffrail.operator.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.taffrail.operator.crd.Condition;
import io.taffrail.operator.crd.LogClusterStatus;
import io.taffrail.operator.plan.Plan;
import io.taffrail.operator.plan.Sight;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ClusterReportTest {
    private static LogClusterStatus report(LogClusterStatus before, Sight sight) {
        var nothing = new Plan(List.of(), List.of(), List.of());
        return ClusterReport.of(Sight.spec(""), before, sight.seen(), nothing, List.of(), Sight.NOW);
    }

    private static Condition failoverReady(Sight sight) {
        return report(LogClusterStatus.NONE, sight).conditions().stream()
                .filter(it -> it.type().equals("FailoverReady"))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void saysWhenOneNodeHoldsTooMany() {
        assertEquals(
                Condition.Status.True,
                failoverReady(Sight.healthy(3).on(0, "a").on(1, "b").on(2, "c")).status());
        var shared = failoverReady(Sight.healthy(3).on(0, "a").on(1, "b").on(2, "b"));
        assertEquals("ReplicasShareNode", shared.reason());
        assertEquals("any one replica may fail, but not node b, which runs too many of them", shared.message());
        // Two of five are a minority.
        assertEquals(
                Condition.Status.True,
                failoverReady(Sight.healthy(5)
                                .on(0, "a")
                                .on(1, "a")
                                .on(2, "b")
                                .on(3, "b")
                                .on(4, "c"))
                        .status());
    }

    @Test
    void remembersTheNewestServerThatWrote() {
        assertEquals("0.1.0", report(LogClusterStatus.NONE, Sight.healthy(3)).newestVersion());
        var before = report(LogClusterStatus.NONE, Sight.healthy(3));
        assertEquals("0.1.0", report(before, Sight.healthy(0)).newestVersion());
        assertNull(report(LogClusterStatus.NONE, Sight.healthy(0)).newestVersion());
    }
}
