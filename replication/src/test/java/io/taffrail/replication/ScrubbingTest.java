package io.taffrail.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.streams.Durability;
import io.taffrail.streams.StreamStoreConfig;
import io.taffrail.wal.WalException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Bits flip in closed segments of replicas that run.
class ScrubbingTest {
    private static final Durability SYNC_QUORUM = Durability.SAFEST_DEFAULT;
    private static final long SECOND = 1_000_000_000;
    private static final int BLOCK = 4096;

    @TempDir
    Path folder;

    TestWorld world;

    @BeforeEach
    void start() {
        world = new TestWorld(folder);
    }

    @AfterEach
    void stop() {
        world.close();
    }

    private void open(int nodes, Consumer<TestWorld> settings) {
        world.segmentBytes = 64 << 10;
        // A start verifies what follows the newest checkpoint, and would find the rest by itself.
        world.checkpointBytes = 32 << 10;
        settings.accept(world);
        world.startCluster(nodes);
    }

    private void write(int nodes) {
        open(nodes, world -> {});
        var leader = world.leader();
        leader.createStream("s");
        append(leader, 0, 40);
    }

    private static void append(TestWorld.Node leader, int from, int to) {
        for (var i = from; i < to; i++) {
            leader.acknowledged("s", i + "x".repeat(6000), SYNC_QUORUM);
        }
    }

    /// So that what is read comes from the files.
    private void restart(TestWorld.Node node) {
        node.shutdown();
        node.start();
    }

    private List<Path> segments(TestWorld.Node node) {
        try (var files = Files.list(node.path().resolve("log"))) {
            return files.filter(file -> file.toString().endsWith(".segment"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void flip(Path file, long position) {
        try (var bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(position);
            var old = bytes.read();
            bytes.seek(position);
            bytes.write(old ^ 16);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void flipEveryBlock(Path file) {
        for (var block = 1; block < 16; block++) {
            flip(file, block * BLOCK + 10);
        }
    }

    private static int errors(TestWorld.Node node) {
        var errors = 0;
        try (var reader = node.up().newReader()) {
            var end = node.up().watermarks().leaderReceived();
            for (var lsn = node.up().startLsn(); lsn < end; ) {
                var one = ByteBuffer.allocate(1 << 20);
                try {
                    lsn += reader.read(lsn, end, one);
                } catch (WalException.BadEntry bad) {
                    errors++;
                    lsn = nextReadable(node, lsn);
                }
            }
        }
        return errors;
    }

    private static long nextReadable(TestWorld.Node node, long lsn) {
        for (var damage : node.up().scrub().damages()) {
            if (damage.covers(lsn)) {
                return damage.toLsn();
            }
        }
        throw new AssertionError(
                "nothing is known of a damage at " + lsn + ": " + node.up().scrub());
    }

    @Test
    void oneReplicaDeclaresTheRangeAndServesTheRest() {
        write(1);
        var node = world.node(0);
        restart(node);
        world.leader();
        flip(segments(node).get(1), 2 * BLOCK + 500);
        world.until("it is found", () -> node.up().scrub().damages().size() == 1);
        var damage = node.up().scrub().damages().getFirst();
        assertTrue(damage.what().contains(segments(node).get(1).getFileName().toString()), damage.what());
        assertTrue(node.told.stream().anyMatch(told -> told.contains("from LSN " + damage.fromLsn())));
        assertEquals(1, errors(node), "one hole, and everything else is read");

        // It goes on, as the only copy that there is.
        append(world.leader(), 40, 45);
        assertEquals(ReplicaStatus.Integrity.INTACT, node.up().status().integrity());
        restart(node);
        assertEquals(
                List.of(damage.fromLsn()),
                node.up().scrub().damages().stream()
                        .map(ScrubStatus.Damage::fromLsn)
                        .toList(),
                "a start remembers where to look");
        world.leader();
        world.run(5 * SECOND);
        assertEquals(1, errors(node));
    }

    @Test
    void oneReplicaMendsTheHeaderOfASegmentByItself() {
        write(1);
        var node = world.node(0);
        world.leader();
        flip(segments(node).get(1), 24);
        world.until("it is found and mended", () -> node.up().scrub().repairedSegments() == 1);
        assertEquals(List.of(), node.up().scrub().damages());
        restart(node);
        assertEquals(0, errors(node));
    }

    @Test
    void aFollowerCountsNowhereUntilItsLogIsFilledAgain() {
        write(3);
        var leader = world.leader();
        var follower = world.node((leader.id + 1) % 3);
        restart(follower);
        world.until("it follows", () -> follows(follower));
        flip(segments(follower).get(1), 2 * BLOCK + 500);
        flip(segments(follower).get(2), BLOCK + 8);
        world.until("it is suspect", () -> follower.up().status().integrity() == ReplicaStatus.Integrity.SUSPECT);
        world.until(
                "it is whole",
                () -> follows(follower)
                        && follower.up().scrub().repairedSegments() == 2
                        && follower.up().scrub().damages().isEmpty());
        assertEquals(0, errors(follower));
        assertEquals(leader, world.leader(), "nobody else had to lead");
        append(leader, 40, 42);
        // What it holds is the log, after a restart too.
        restart(follower);
        world.until("it follows again", () -> follows(follower));
        assertEquals(0, errors(follower));
        noneHalted();
    }

    /// Nobody can help for a while, so more is found than is kept in mind.
    @Test
    void aFollowerCountsNowhereUntilWhatItCouldNotKeepInMindIsFilledToo() {
        open(3, world -> {});
        var leader = world.leader();
        leader.createStream("s");
        append(leader, 0, 300);
        var follower = world.node((leader.id + 1) % 3);
        world.until("it follows", () -> follows(follower));
        world.isolate(follower.id);
        var all = segments(follower);
        for (var segment : all.subList(0, 30)) {
            for (var block = 1; block < 16; block += 3) {
                flip(segment, block * BLOCK + 10);
            }
        }
        restart(follower);
        world.until("no more fit", () -> follower.up().scrub().damages().size() == ScrubStatus.MAX_DAMAGES);
        world.run(SECOND);
        world.heal();
        world.until("it counts again", () -> follows(follower));
        assertEquals(0, errors(follower));
        noneHalted();
    }

    private static boolean follows(TestWorld.Node node) {
        var status = node.up().status();
        return status.state() == ReplicaStatus.State.FOLLOWER
                && status.leader() != null
                && status.integrity() == ReplicaStatus.Integrity.INTACT;
    }

    @Test
    void aFollowerThatRestartsWithAHoleFillsItBeforeItCounts() {
        write(3);
        var leader = world.leader();
        var follower = world.node((leader.id + 1) % 3);
        restart(follower);
        world.until("it follows", () -> follows(follower));
        world.isolate(follower.id);
        flip(segments(follower).get(1), 2 * BLOCK + 500);
        world.until("it is found", () -> follower.up().scrub().damages().size() == 1);
        world.run(SECOND);
        follower.crash();
        follower.start();
        assertEquals(1, follower.up().scrub().damages().size());
        world.run(SECOND);
        assertEquals(ReplicaStatus.Integrity.SUSPECT, follower.up().status().integrity());
        world.heal();
        world.until(
                "it is whole", () -> follows(follower) && follower.up().scrub().repairedSegments() == 1);
        assertEquals(0, errors(follower));
        noneHalted();
    }

    @Test
    void aLeaderLeavesLeadershipAndIsFilledByItsSuccessor() {
        write(3);
        var old = world.leader();
        for (var id = 0; id < 3; id++) {
            restart(world.node(id));
        }
        var leader = world.leader();
        world.run(2 * SECOND);
        flip(segments(leader).get(1), 2 * BLOCK + 500);
        world.until("another leads", () -> {
            var now = world.openLeader();
            return now != null && now != leader;
        });
        world.until("it is whole", () -> follows(leader) && leader.up().scrub().repairedSegments() == 1);
        assertEquals(0, errors(leader));
        append(world.leader(), 40, 42);
        assertNull(old.failure);
        noneHalted();
    }

    /// 1. A leader with a hole hands over, and counts nowhere. 2. Whoever it handed over to is lost. 3. The third
    /// voter fills the hole.
    @Test
    void twoWholeLogsElectWhenTheSuccessorOfADamagedLeaderIsLost() {
        write(3);
        for (var id = 0; id < 3; id++) {
            restart(world.node(id));
        }
        var leader = world.leader();
        world.run(2 * SECOND);
        flip(segments(leader).get(1), 2 * BLOCK + 500);
        world.until("it is suspect", () -> leader.up().status().integrity() == ReplicaStatus.Integrity.SUSPECT);
        var successor = List.of(1, 2).stream()
                .map(step -> world.node((leader.id + step) % 3))
                .filter(node -> node.up().status().state() != ReplicaStatus.State.FOLLOWER)
                .findFirst()
                .orElseThrow();
        successor.crash();
        world.until("one of the others leads", () -> world.openLeader() != null);
        assertEquals(1, leader.up().scrub().repairedSegments());
        append(world.leader(), 40, 42);
        assertEquals(0, errors(leader));
    }

    @Test
    void whatAReaderMeetsIsLookedAtOnce() {
        open(3, with -> with.scrub = ScrubConfig.OFF);
        var leader = world.leader();
        leader.createStream("s");
        append(leader, 0, 40);
        var follower = world.node((leader.id + 1) % 3);
        restart(follower);
        world.until("it follows", () -> follows(follower));
        flip(segments(follower).get(1), 2 * BLOCK + 500);
        world.run(5 * SECOND);
        assertEquals(List.of(), follower.up().scrub().damages(), "nobody looks");
        long[] at = {0};
        assertThrows(WalException.BadEntry.class, () -> {
            try (var reader = follower.up().newReader()) {
                while (at[0] < follower.up().watermarks().leaderReceived()) {
                    at[0] += reader.read(at[0], Long.MAX_VALUE, ByteBuffer.allocate(8 << 10));
                }
            }
        });
        follower.up().doubt(at[0]);
        world.until("it is whole", () -> follower.up().scrub().repairedSegments() == 1 && follows(follower));
        assertEquals(0, errors(follower));
    }

    @Test
    void twoFollowersWithOneHoleEachHelpEachOtherThroughTheLeader() {
        write(3);
        var leader = world.leader();
        for (var id = 0; id < 3; id++) {
            if (id != leader.id) {
                restart(world.node(id));
            }
        }
        world.until(
                "both follow",
                () -> follows(world.node((leader.id + 1) % 3)) && follows(world.node((leader.id + 2) % 3)));
        for (var id = 0; id < 3; id++) {
            if (id != leader.id) {
                flip(segments(world.node(id)).get(id == 0 ? 1 : id), 2 * BLOCK + 500);
            }
        }
        world.until(
                "both are whole",
                () -> List.of(1, 2).stream()
                        .map(step -> world.node((leader.id + step) % 3))
                        .allMatch(node -> follows(node) && node.up().scrub().repairedSegments() == 1));
        append(leader, 40, 42);
        noneHalted();
    }

    @Test
    void whatNobodyHoldsIsToldAndTriedAgain() {
        write(3);
        for (var id = 0; id < 3; id++) {
            restart(world.node(id));
        }
        var leader = world.leader();
        world.run(2 * SECOND);
        var segment = segments(leader).get(1);
        var from = new long[3];
        // Groups need not stand at the same place in all files.
        for (var id = 0; id < 3; id++) {
            flipEveryBlock(segments(world.node(id)).get(1));
        }
        world.until("two have tried in vain", () -> {
            var tried = 0;
            for (var id = 0; id < 3; id++) {
                from[id] = world.node(id).up().scrub().failedRepairs();
                tried += from[id] > 0 ? 1 : 0;
            }
            return tried >= 2;
        });
        assertEquals(leader, world.openLeader(), "there is nobody better");
        flipEveryBlock(segment);
        world.until("all are whole", () -> {
            for (var id = 0; id < 3; id++) {
                if (!world.node(id).up().scrub().damages().isEmpty()
                        || world.node(id).up().status().integrity() != ReplicaStatus.Integrity.INTACT) {
                    return false;
                }
            }
            return world.openLeader() != null;
        });
        append(world.leader(), 40, 42);
        noneHalted();
    }

    @Test
    void whatNobodyHoldsKeepsNothingElseFromBeingRepaired() {
        write(3);
        for (var id = 0; id < 3; id++) {
            restart(world.node(id));
        }
        var leader = world.leader();
        var follower = world.node((leader.id + 1) % 3);
        world.until("it follows", () -> follows(follower));
        for (var id = 0; id < 3; id++) {
            flipEveryBlock(segments(world.node(id)).get(1));
        }
        flip(segments(follower).get(3), 2 * BLOCK + 500);
        world.until("that is repaired", () -> follower.up().scrub().repairedSegments() == 1);
        assertEquals(ReplicaStatus.Integrity.SUSPECT, follower.up().status().integrity());
        assertTrue(follower.up().scrub().failedRepairs() > 0);
        noneHalted();
    }

    @Test
    void whatTheOthersHaveTrimmedAndNoStreamShowsIsGivenUp() throws IOException {
        open(3, world -> world.retain(50_000));
        var leader = world.leader();
        leader.createStream("s");
        var follower = world.node((leader.id + 1) % 3);
        // Its older checkpoint is of a time when the stream still showed what it does not show by the newest.
        follower.shutdown();
        world.checkpointBytes = 200_000;
        follower.start();
        for (var appended = 0; appended < 120; appended += 10) {
            append(leader, appended, appended + 10);
            world.run(2 * SECOND);
        }
        world.until("it follows", () -> follows(follower) && follower.nextOffset("s") == 120);
        flip(segments(follower).get(1), 2 * BLOCK + 500);
        world.until("it is found", () -> follower.up().scrub().damages().size() == 1);
        var damage = follower.up().scrub().damages().getFirst();
        assertTrue(follower.streams().neededLsn() <= damage.fromLsn());
        for (var other : List.of(leader, world.node((leader.id + 2) % 3))) {
            assertTrue(other.up().startLsn() > damage.toLsn(), "nobody else holds it");
        }

        world.until("nobody gives it", () -> follower.up().scrub().failedRepairs() > 0);
        world.until("it counts again", () -> follows(follower));
        assertEquals(List.of(), follower.up().scrub().damages());
        assertTrue(follower.up().startLsn() > damage.fromLsn());
        assertEquals(0, errors(follower));
        restart(follower);
        world.until("it follows again", () -> follows(follower));
        append(world.leader(), 120, 122);
        assertEquals(List.of(), follower.aside());
        noneHalted();
    }

    @Test
    void aLearnerBehindAHoleThatNobodyFillsBeginsAnewWhenNoStreamShowsIt() {
        open(1, world -> world.retain(50_000));
        var leader = world.leader();
        leader.createStream("s");
        append(leader, 0, 40);
        restart(leader);
        world.leader();
        flip(segments(leader).get(1), 2 * BLOCK + 500);
        world.until("it is found", () -> leader.up().scrub().damages().size() == 1);
        var damage = leader.up().scrub().damages().getFirst();
        var learner = world.node(1);
        learner.start();
        leader.up().changeVoters(leader.up().status().configId(), new VoterChange.AddLearner(learner.peer()), _ -> {});
        world.until(
                "it has what stands before",
                () -> leader.up().status().followers().stream()
                        .anyMatch(follower -> damage.covers(follower.receivedLsn())));

        for (var appended = 40; appended < 80; appended += 10) {
            append(leader, appended, appended + 10);
            world.run(2 * SECOND);
        }
        world.until("it has the rest", () -> learner.nextOffset("s") == 80);
        world.until("it is sound", () -> learner.up().status().integrity() == ReplicaStatus.Integrity.INTACT);
        assertEquals(List.of(), leader.up().scrub().damages());
        assertEquals(0, errors(leader));
    }

    /// A leader that was cut off, has appended what no majority holds, and has a hole below that. Its streams' state
    /// has to follow the cut from the beginning.
    private TestWorld.Node oldLeaderWithAHoleAndATail() {
        open(3, with -> {
            with.scrub = ScrubConfig.OFF;
            with.checkpointBytes = StreamStoreConfig.DEFAULTS.checkpointBytes();
        });
        var first = world.leader();
        first.createStream("s");
        append(first, 0, 40);
        for (var id = 0; id < 3; id++) {
            restart(world.node(id));
        }
        var old = world.leader();
        world.isolate(old.id);
        old.append("s", "nobody else has it", SYNC_QUORUM);
        world.until("another leads", () -> leaderBeside(old) != null);
        var leader = Objects.requireNonNull(leaderBeside(old));
        leader.acknowledged("s", "instead", SYNC_QUORUM);
        flip(segments(old).get(1), 2 * BLOCK + 500);
        return old;
    }

    private TestWorld.@Nullable Node leaderBeside(TestWorld.Node old) {
        for (var id = 0; id < 3; id++) {
            var node = world.node(id);
            if (node != old && node.up().status().state() == ReplicaStatus.State.LEADER) {
                return node;
            }
        }
        return null;
    }

    @Test
    void aHoleBelowACutIsFilledBeforeTheReplicaGoesOn() throws IOException {
        var old = oldLeaderWithAHoleAndATail();
        world.heal();
        world.until("it is whole", () -> follows(old) && old.up().scrub().repairedSegments() == 1);
        assertEquals(1, old.aside().size());
        world.until("it has what was acknowledged", () -> old.nextOffset("s") == 41);
        assertEquals(0, errors(old));
        noneHalted();
    }

    /// To cut within a segment is to read it up to there.
    @Test
    void aHoleInTheSegmentThatIsCutIsFilledFirst() throws IOException {
        open(3, with -> with.scrub = ScrubConfig.OFF);
        var old = world.leader();
        old.createStream("s");
        append(old, 0, 3);
        world.isolate(old.id);
        for (var i = 0; i < 60; i++) {
            old.append("s", "nobody else has it" + "x".repeat(6000), SYNC_QUORUM);
        }
        world.until("another leads", () -> leaderBeside(old) != null);
        Objects.requireNonNull(leaderBeside(old)).acknowledged("s", "instead", SYNC_QUORUM);
        flip(segments(old).getFirst(), BLOCK + 50);
        world.heal();
        world.until("it is whole", () -> follows(old) && old.up().scrub().repairedSegments() == 1);
        world.until("it has what was acknowledged", () -> old.nextOffset("s") == 4);
        assertEquals(0, errors(old));
        noneHalted();
    }

    @Test
    void aHoleBelowACutThatNobodyFillsIsLeftToTheNextStart() throws IOException {
        var old = oldLeaderWithAHoleAndATail();
        world.heal();
        for (var turns = 0; old.aside().isEmpty(); turns++) {
            assertTrue(turns < 10_000, "it cuts");
            world.turns(1);
        }
        world.isolate(old.id);
        world.until("it ends", () -> old.failure != null);
        assertTrue(Objects.requireNonNull(old.failure).startsWith("the log is damaged at LSN "), old.failure);
        old.crash();
        old.start();
        assertEquals(ReplicaStatus.Integrity.SUSPECT, old.up().status().integrity());
        world.heal();
        world.until("it is whole", () -> follows(old) && old.nextOffset("s") == 41);
        assertEquals(0, errors(old));
        noneHalted();
    }

    private void noneHalted() {
        for (var id = 0; id < 3; id++) {
            assertNull(world.node(id).failure);
            assertTrue(Objects.requireNonNull(world.node(id).replica).status().clusterId() != null);
        }
    }
}
