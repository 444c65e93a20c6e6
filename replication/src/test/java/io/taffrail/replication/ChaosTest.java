package io.taffrail.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.streams.CommitMode;
import io.taffrail.streams.Durability;
import io.taffrail.streams.ReplicationMode;
import io.taffrail.wal.record.EntryType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Crashes, partitions, hand-overs and clean restarts by seed, on real files. What a majority flushed is never lost,
/// no replica halts, and when all is healed every log is the same. Replay one seed with `-Dchaos.seed=`.
class ChaosTest {
    private static final long SECOND = 1_000_000_000;
    private static final List<CommitMode> COMMIT = List.of(CommitMode.values());
    private static final List<ReplicationMode> REPLICATION = List.of(ReplicationMode.values());

    @TempDir
    Path folder;

    static long[] seeds() {
        var one = Long.getLong("chaos.seed");
        if (one != null) {
            return new long[] {one};
        }
        var from = Long.getLong("chaos.from", 1);
        var seeds = new long[Integer.getInteger("chaos.seeds", 6)];
        for (var i = 0; i < seeds.length; i++) {
            seeds[i] = from + i;
        }
        return seeds;
    }

    private record Sent(String text, Durability durability, TestWorld.Appended appended) {}

    @ParameterizedTest
    @MethodSource("seeds")
    void keepsEveryPromise(long seed) {
        var random = new Random(seed);
        var world = new TestWorld(folder.resolve("seed-" + seed));
        world.segmentBytes = 64 << 10;
        try {
            var nodes = world.startCluster(random.nextInt(4) == 0 ? 5 : 3);
            var sent = new ArrayList<Sent>();
            world.leader().createStream("s");
            for (var round = 0; round < 60; round++) {
                disturb(world, nodes, random);
                var appends = random.nextInt(20);
                for (var i = 0; i < appends; i++) {
                    append(nodes, random, sent);
                    world.run(random.nextLong(20_000_000));
                }
                world.run(random.nextLong(random.nextInt(5) == 0 ? 4 * SECOND : SECOND / 4));
            }
            heal(world, nodes);
            verify(world, nodes, sent);
        } catch (AssertionError | RuntimeException broken) {
            throw new AssertionError("seed " + seed + "\n" + world.describe(), broken);
        } finally {
            world.close();
        }
    }

    private static void append(List<TestWorld.Node> nodes, Random random, List<Sent> sent) {
        var durability = new Durability(COMMIT.get(random.nextInt(2)), REPLICATION.get(random.nextInt(3)));
        for (var node : nodes) {
            if (node.replica != null && node.up().status().state() == ReplicaStatus.State.LEADER) {
                var text = "r" + sent.size();
                var appended = new TestWorld.Appended();
                if (node.up().append(TestWorld.command("s", text, durability, appended, false))) {
                    sent.add(new Sent(text, durability, appended));
                }
            }
        }
    }

    /// At most a minority is down at once, so that what a majority holds in memory is not lost either, unless the
    /// seed says that all go down.
    private static void disturb(TestWorld world, List<TestWorld.Node> nodes, Random random) {
        var node = nodes.get(random.nextInt(nodes.size()));
        switch (random.nextInt(9)) {
            case 0, 1 -> {
                if (node.replica != null) {
                    node.crash();
                }
            }
            case 2, 3 -> {
                for (var down : nodes) {
                    if (down.replica == null) {
                        down.start();
                    }
                }
            }
            case 4 -> world.isolate(node.id);
            case 5 -> world.heal();
            case 6 -> {
                if (node.replica != null) {
                    node.up().transferLeadership(-1, _ -> {});
                }
            }
            case 7 -> {
                if (random.nextInt(6) == 0) {
                    nodes.forEach(TestWorld.Node::crash);
                    nodes.forEach(TestWorld.Node::start);
                }
            }
            default -> {}
        }
    }

    private static void heal(TestWorld world, List<TestWorld.Node> nodes) {
        world.heal();
        for (var node : nodes) {
            if (node.replica == null) {
                node.start();
            }
            // As when connections come back.
            for (var other : nodes) {
                if (other != node && other.replica != null) {
                    other.up().connected(node.id, true);
                }
            }
        }
        world.run(SECOND);
        world.leader().acknowledged("s", "last", Durability.SAFEST_DEFAULT);
        world.until("all hold the same", () -> {
            var leader = world.openLeader();
            if (leader == null) {
                return false;
            }
            var end = leader.up().watermarks().leaderReceived();
            return nodes.stream()
                    .allMatch(node -> node.up().status().integrity() == ReplicaStatus.Integrity.INTACT
                            && node.up().watermarks().leaderFlushed() == end
                            && node.up().watermarks().quorumFlushed() == end);
        });
    }

    private static void verify(TestWorld world, List<TestWorld.Node> nodes, List<Sent> sent) {
        var contents = new ArrayList<List<String>>();
        for (var node : nodes) {
            assertEquals(null, node.failure, "node " + node.id);
            contents.add(records(node));
        }
        for (var other : contents) {
            assertEquals(contents.getFirst(), other);
        }
        Map<String, Integer> at = new HashMap<>();
        for (var i = 0; i < contents.getFirst().size(); i++) {
            assertEquals(null, at.put(contents.getFirst().get(i), i), "twice in the log");
        }
        var acknowledged = 0;
        for (var append : sent) {
            switch (append.appended().outcome) {
                case AppendOutcome.Acknowledged ack -> {
                    acknowledged++;
                    if (new Durability(CommitMode.SYNC, ReplicationMode.QUORUM).equals(ack.reached())
                            || new Durability(CommitMode.SYNC, ReplicationMode.ALL).equals(ack.reached())) {
                        assertEquals((int) ack.baseOffset(), at.get(append.text()), append.text() + " " + ack);
                    }
                }
                case AppendOutcome.Refused _ ->
                    assertTrue(!at.containsKey(append.text()), "refused, and in the log: " + append.text());
                case AppendOutcome.Indeterminate _ -> {}
                case null -> {}
            }
        }
        assertTrue(acknowledged > 0, "nothing was acknowledged: " + world.describe());
    }

    private static List<String> records(TestWorld.Node node) {
        var texts = new ArrayList<String>();
        try (var reader = node.up().newReader()) {
            LogReplay.replay(
                    reader,
                    node.up().status().startLsn(),
                    node.up().watermarks().leaderReceived(),
                    (header, payload) -> {
                        if (header.type() == EntryType.RECORDS) {
                            payload.position(payload.position() + 56 + 4);
                            var bytes = new byte[payload.remaining()];
                            payload.get(bytes);
                            texts.add(new String(bytes, StandardCharsets.UTF_8));
                        }
                    });
        }
        return texts;
    }
}
