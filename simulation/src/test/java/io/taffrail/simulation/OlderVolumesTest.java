package io.taffrail.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.simulation.fault.FaultBudget;
import io.taffrail.simulation.world.Choices;
import io.taffrail.simulation.world.ProcessLife;
import io.taffrail.simulation.world.SimulatedDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OlderVolumesTest {
    private static final String META = "meta";

    private SimulatedCluster cluster;
    private ClusterNode node;
    private SimulatedDisk ofFirstProcess;
    private SimulatedDisk ofSecondProcess;

    @BeforeEach
    void threeProcessesOfOneNodeTheLastOfWhichAllHaveHeard() {
        var drawn = SimulationOptions.of(1);
        cluster = new SimulatedCluster(new SimulationOptions(
                1,
                3,
                0,
                FaultBudget.WITHIN_PROMISE,
                Set.of(),
                drawn.faultEveryNanos(),
                drawn.chaosNanos(),
                drawn.load(),
                drawn.timing(),
                drawn.log(),
                drawn.volume()));
        node = cluster.nodes().getFirst();
        cluster.startAll();
        run();
        ofFirstProcess = cluster.volumes().snapshot(node);
        startAgain();
        ofSecondProcess = cluster.volumes().snapshot(node);
        startAgain();
        // What the others have heard is durable with what they promise.
        var leader = cluster.leader();
        assertNotNull(leader);
        for (var next : cluster.nodes()) {
            if (next != leader) {
                transferTo(next);
            }
        }
        cluster.lives().crash(node, "its volume is brought back to what it was");
        assertTrue(cluster.volumes().older().restore(node, ofFirstProcess));
    }

    @Test
    void oneThatAllOthersKnowOfIsEvicted() {
        cluster.lives().start(node);
        run();

        assertNull(cluster.violations().first());
        assertSame(ofFirstProcess, node.disk());
        assertEquals(1, cluster.coverage().of("older volume evicted"));
    }

    @Test
    void oneThatCameToTheIncarnationThatTheOthersKnowIsEmptied() throws IOException {
        // As the second process leaves it that is killed before this is durable.
        writeUnflushed(META, ofSecondProcess.bytes(META));

        cluster.lives().start(node);
        run();

        assertNull(cluster.violations().first());
        assertFalse(node.isOlder);
        assertTrue(node.disk() != ofFirstProcess, "nobody could tell it");
    }

    private void writeUnflushed(String file, byte[] bytes) throws IOException {
        var life = new ProcessLife("killed");
        var choices = Choices.random(new SplittableRandom(1));
        try (var open = node.disk()
                .mount(life, SimulatedDisk.BlockingTime.FREE, choices)
                .open(file)) {
            open.write(ByteBuffer.wrap(bytes), 0);
        }
        life.end();
        node.disk().processEnded(choices);
    }

    private void startAgain() {
        cluster.lives().crash(node, "its volume sees another process");
        cluster.lives().start(node);
        run();
    }

    private void transferTo(ClusterNode next) {
        var leader = cluster.leader();
        assertNotNull(leader);
        var replica = leader.replica();
        assertNotNull(replica);
        replica.transferLeadership(next.id(), _ -> {});
        run();
        assertSame(next, cluster.leader());
    }

    private void run() {
        cluster.runUntil(cluster.scheduler().nowNanos() + 5 * SimulationOptions.SECOND);
    }
}
