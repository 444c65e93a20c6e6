package io.taffrail.simulation.world;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.replication.port.Network;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SimulatedNetworkTest {
    private static final long SECOND = 1_000_000_000L;

    private final Randomness randomness = new Randomness(5);
    private final SimulatedScheduler scheduler = new SimulatedScheduler(randomness.named("scheduler"), new Trace(100));
    private final SimulatedNetwork network = new SimulatedNetwork(scheduler, randomness.named("network"));
    private final ProcessLife first = new ProcessLife("1");
    private final ProcessLife second = new ProcessLife("2");
    private final List<Integer> received = new ArrayList<>();
    private final List<String> heard = new ArrayList<>();
    /// How far the first process is ahead of the world: it has made a call that blocks.
    private long aheadNanos;
    private Network port = attach(1, first);

    private Network attach(int node, ProcessLife life) {
        return network.attach(node, life, () -> scheduler.nowNanos() + aheadNanos, new SimulatedNetwork.Endpoint() {
            @Override
            public void receive(int fromNodeId, ByteBuffer frame) {
                received.add(frame.getInt(0));
            }

            @Override
            public void connected(int nodeId, boolean connected) {
                heard.add(node + (connected ? " has " : " lost ") + nodeId);
            }
        });
    }

    @BeforeEach
    void connect() {
        port = attach(1, first);
        attach(2, second);
        port.locate(2, "two");
        scheduler.runUntil(SECOND);
    }

    private void send(int from, int to) {
        IntStream.range(from, to)
                .forEach(value -> port.send(2, ByteBuffer.allocate(8).putInt(0, value)));
    }

    @Test
    void keepsTheOrderOfOneConnection() {
        assertEquals(List.of("1 has 2"), heard);
        send(0, 100);
        scheduler.runUntil(2 * SECOND);
        assertEquals(IntStream.range(0, 100).boxed().toList(), received);
    }

    @Test
    void whatIsSentAfterACallThatBlocksLeavesWhenTheCallHasEnded() {
        aheadNanos = SECOND;
        send(0, 1);
        scheduler.runUntil(2 * SECOND - 1);
        assertEquals(List.of(), received);
        scheduler.runUntil(2 * SECOND + SECOND / 10);
        assertEquals(List.of(0), received);
    }

    @Test
    void losesASuffixWhenTheConnectionBreaks() {
        network.quality(new LinkQuality(SECOND / 1000, SECOND / 100, 1 << 20, 0, 0, 0, 0));
        send(0, 100);
        scheduler.runUntil(SECOND + SECOND / 200);
        network.reset(1, 2);
        scheduler.runUntil(5 * SECOND);
        assertEquals(IntStream.range(0, received.size()).boxed().toList(), received);
        assertNotEquals(100, received.size());
        assertEquals(List.of("1 has 2", "1 lost 2", "1 has 2"), heard);
    }

    @Test
    void holdsBackWhatIsSentIntoAPartition() {
        network.block(1, 2);
        send(0, 3);
        scheduler.runUntil(SECOND + SECOND / 10);
        assertEquals(List.of(), received);
        network.unblock(1, 2);
        scheduler.runUntil(2 * SECOND);
        assertEquals(List.of(0, 1, 2), received);
    }

    @Test
    void breaksAConnectionThatIsPartitionedForLong() {
        network.block(1, 2);
        scheduler.runUntil(60 * SECOND);
        assertEquals(List.of("1 has 2", "1 lost 2"), heard);
        network.unblock(1, 2);
        scheduler.runUntil(61 * SECOND);
        assertEquals(List.of("1 has 2", "1 lost 2", "1 has 2"), heard);
    }

    @Test
    void showsWhatASlowLinkHasNotTaken() {
        network.quality(new LinkQuality(0, 0, 1000, 0, 0, 0, 0));
        port.send(2, ByteBuffer.allocate(10_000));
        assertTrue(port.unsentBytes(2) > 9_000, () -> "unsent " + port.unsentBytes(2));
        scheduler.runUntil(20 * SECOND);
        assertEquals(0, port.unsentBytes(2));
    }

    @Test
    void deliversNothingToThePeersNextProcess() {
        send(0, 10);
        second.end();
        network.detach(2, second, false);
        attach(2, new ProcessLife("2 again"));
        scheduler.runUntil(5 * SECOND);
        assertEquals(List.of(), received);
        assertEquals(List.of("1 has 2", "1 lost 2", "1 has 2"), heard);
    }
}
