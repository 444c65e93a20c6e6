package io.taffrail.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.simulation.fault.FaultBudget;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class SimulatedClusterTest {
    @Test
    void timePassesWhereNothingHappens() {
        var cluster = new SimulatedCluster(SimulationOptions.of(1));
        cluster.runUntil(SimulationOptions.SECOND);
        assertEquals(SimulationOptions.SECOND, cluster.scheduler().nowNanos());
    }

    @Test
    void aNodeThatIsGivenUpWhileItHasAnothersVolumeLeavesThatToItsOwner() {
        var cluster = withExchangedVolumes();
        var node = cluster.nodes().get(0);
        var other = cluster.nodes().get(1);
        var volumeOfOther = node.disk();
        var volumeOfNode = other.disk();
        var storageOfNode = storage(cluster, other);
        var storageOfOther = storage(cluster, node);

        cluster.volumes().replace(node);
        cluster.lives().start(node);
        run(cluster);

        assertNull(cluster.violations().first());
        assertFalse(node.exchanged() || other.exchanged());
        assertSame(volumeOfOther, other.disk());
        assertEquals(storageOfOther, storage(cluster, other));
        assertTrue(node.disk() != volumeOfNode && !storageOfNode.equals(storage(cluster, node)));
        assertNotNull(node.replica(), "runs on its new volume");
        assertNotNull(other.replica(), "runs on its own volume");
    }

    @Test
    void volumesThatAreExchangedTwiceAreWhereTheyWere() {
        var cluster = withExchangedVolumes();
        var node = cluster.nodes().get(0);
        var other = cluster.nodes().get(1);
        assertTrue(node.exchangedWith(other) && other.exchangedWith(node));
        assertFalse(node.exchangedWith(cluster.nodes().get(2)));

        cluster.volumes().exchange(node, other);
        cluster.lives().start(node);
        cluster.lives().start(other);
        run(cluster);

        assertNull(cluster.violations().first());
        assertNotNull(node.replica());
        assertNotNull(other.replica());
    }

    @Test
    void aPowerLossTakesWhatThePageCacheShowedOfTheVolumeThatIsThere() {
        var cluster = withExchangedVolumes();
        var node = cluster.nodes().get(0);
        var other = cluster.nodes().get(1);
        node.cacheLies = true;
        other.cacheLies = true;

        cluster.lives().losePower(node);

        assertTrue(node.cacheLies, "its own volume is in a machine that lives on");
        assertFalse(other.cacheLies);
    }

    /// Of nodes 0 and 1, which have refused what they were given, and are down.
    private static SimulatedCluster withExchangedVolumes() {
        var drawn = SimulationOptions.of(1);
        var cluster = new SimulatedCluster(new SimulationOptions(
                1,
                3,
                0,
                FaultBudget.BEYOND_PROMISE,
                Set.of(),
                drawn.faultEveryNanos(),
                drawn.chaosNanos(),
                drawn.load(),
                drawn.timing(),
                drawn.log(),
                drawn.volume()));
        cluster.startAll();
        run(cluster);
        var node = cluster.nodes().get(0);
        var other = cluster.nodes().get(1);
        cluster.lives().crash(node, "its volume goes to node 1");
        cluster.lives().crash(other, "its volume goes to node 0");
        cluster.volumes().exchange(node, other);
        cluster.lives().start(node);
        cluster.lives().start(other);
        run(cluster);
        assertNull(cluster.violations().first());
        assertFalse(node.isUp() || other.isUp(), "each refuses the other's volume");
        return cluster;
    }

    private static void run(SimulatedCluster cluster) {
        cluster.runUntil(cluster.scheduler().nowNanos() + 5 * SimulationOptions.SECOND);
    }

    /// Of the volume that the node has now.
    private static UUID storage(SimulatedCluster cluster, ClusterNode node) {
        assertTrue(cluster.volumes().namesItsOwner(node));
        var meta = new VolumeWitness(node.disk()).meta();
        assertNotNull(meta);
        return meta.storageId();
    }
}
