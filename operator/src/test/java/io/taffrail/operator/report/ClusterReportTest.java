package io.taffrail.operator.report;

import static io.taffrail.operator.Altered.altered;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.taffrail.operator.crd.Condition;
import io.taffrail.operator.crd.LogClusterStatus;
import io.taffrail.operator.observe.SettingsValues;
import io.taffrail.operator.plan.Plan;
import io.taffrail.operator.plan.Sight;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ClusterReportTest {
    private static LogClusterStatus report(LogClusterStatus before, Sight sight) {
        var nothing = new Plan(List.of(), List.of(), List.of());
        return ClusterReport.of(Sight.spec(""), before, sight.seen(), nothing, List.of(), Sight.NOW);
    }

    private static Condition failoverReady(Sight sight) {
        return condition("FailoverReady", "", sight);
    }

    private static Condition condition(String type, String spec, Sight sight) {
        var nothing = new Plan(List.of(), List.of(), List.of());
        return ClusterReport.of(Sight.spec(spec), LogClusterStatus.NONE, sight.seen(), nothing, List.of(), Sight.NOW)
                .conditions()
                .stream()
                .filter(it -> it.type().equals(type))
                .findFirst()
                .orElseThrow();
    }

    /// False would alert for as long as it sleeps.
    @ParameterizedTest
    @ValueSource(strings = {"Available", "DurabilityMet", "FailoverReady"})
    void nobodyIsAlarmedByAClusterThatSleepsAsItShould(String type) {
        var condition = condition(type, "lifecycle: Hibernated", Sight.healthy(0));
        assertEquals(Condition.Status.Unknown, condition.status());
        assertEquals("Hibernated", condition.reason());
        assertEquals(
                Condition.Status.False, condition(type, "", Sight.healthy(0)).status());
    }

    @Test
    void nobodyIsAlarmedByAClusterThatIsAskedToHaveNoFollowers() {
        for (var sight : List.of(Sight.healthy(1), Sight.healthy(0))) {
            var alone = condition("FailoverReady", "replicas: 1", sight);
            assertEquals(Condition.Status.Unknown, alone.status());
            assertEquals("TooFewReplicas", alone.reason());
        }
        var growing = condition("FailoverReady", "replicas: 3", Sight.healthy(1));
        assertEquals(Condition.Status.False, growing.status());
        assertEquals("TooFewReplicas", growing.reason());
    }

    /// After a forced recovery, or before the first copy is there, one is a majority of one.
    @Test
    void aMajorityOfFewerVotersIsNotTheDurabilityThatWasAskedFor() {
        var alone = condition("DurabilityMet", "replicas: 3", Sight.healthy(1));
        assertEquals(Condition.Status.False, alone.status());
        assertEquals("TooFewReplicas", alone.reason());
        assertEquals(
                Condition.Status.True,
                condition("DurabilityMet", "replicas: 3", Sight.healthy(2)).status());
        assertEquals(
                Condition.Status.True,
                condition("DurabilityMet", "replicas: 3\nreplicationMode: Async", Sight.healthy(1))
                        .status());
    }

    /// The default's settings run; what the spec asks for has not reached the leader, as while it is paused.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "replicationMode: All",
                "minimum: {commitMode: Sync, replicationMode: Async}",
                "minimum: {replicationMode: Quorum}",
                "writerDelay: 9ms",
                "limits: {replicationLag: {bytes: 1Mi}}",
                "limits: {replicationLag: {age: 999ms}}"
            })
    void whatTheSpecPromisesIsNotMetBeforeItIsInForce(String spec) {
        var waiting = condition("DurabilityMet", spec, Sight.healthy(3));
        assertEquals(Condition.Status.False, waiting.status());
        assertEquals("SettingsNotApplied", waiting.reason());
        var applied = SettingsValues.of(Sight.spec(spec));
        var led = Sight.healthy(3).replica(0, leader -> altered(leader, "settings", applied));
        assertEquals(
                Condition.Status.True, condition("DurabilityMet", spec, led).status());
    }

    @ParameterizedTest
    @ValueSource(strings = {"commitMode: Async", "replicationMode: Async", "writerDelay: 1s", "retention: {age: 24h}"})
    void moreThanTheSpecPromisesIsEnough(String spec) {
        assertEquals(
                Condition.Status.True,
                condition("DurabilityMet", spec, Sight.healthy(3)).status());
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
    void saysWhichClaimsGoWithTheLogCluster() {
        var sight = Sight.healthy(2).claim(0, 1 << 30, false).claim(1, 1 << 30, true);
        assertEquals(
                List.of("data-orders-1"), report(LogClusterStatus.NONE, sight).ownedClaims());
    }

    @Test
    void remembersTheNewestServerThatWrote() {
        assertEquals("0.1.0", report(LogClusterStatus.NONE, Sight.healthy(3)).newestVersion());
        var before = report(LogClusterStatus.NONE, Sight.healthy(3));
        assertEquals("0.1.0", report(before, Sight.healthy(0)).newestVersion());
        assertNull(report(LogClusterStatus.NONE, Sight.healthy(0)).newestVersion());
    }
}
