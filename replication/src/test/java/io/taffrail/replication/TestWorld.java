package io.taffrail.replication;

import io.taffrail.replication.codec.FrameCodec;
import io.taffrail.replication.codec.MalformedException;
import io.taffrail.replication.port.EventLoop;
import io.taffrail.replication.port.Network;
import io.taffrail.replication.protocol.Message;
import io.taffrail.replication.protocol.Watermarks;
import io.taffrail.streams.CommitMode;
import io.taffrail.streams.Durability;
import io.taffrail.streams.ReplicationMode;
import io.taffrail.streams.StreamCommand;
import io.taffrail.streams.StreamConfig;
import io.taffrail.streams.StreamSettings;
import io.taffrail.streams.StreamStore;
import io.taffrail.streams.StreamStoreConfig;
import io.taffrail.wal.WalConfig;
import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.file.Buffering;
import io.taffrail.wal.io.file.FileLogDirectory;
import io.taffrail.wal.io.sync.SyncIoMethod;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Replicas on real files, with one clock that stands still while anything is to be done and jumps to the next timer
/// when nothing is. A crash takes a replica's memory and leaves its files.
final class TestWorld implements AutoCloseable {
    static final UUID CLUSTER = new UUID(1, 1);
    private static final long LATENCY_NANOS = 200_000;

    private final Path folder;
    private final PriorityQueue<Timer> timers = new PriorityQueue<>();
    private final TreeMap<Integer, Node> nodes = new TreeMap<>();
    private final Set<Link> cut = new HashSet<>();
    private long nanos = 1_000_000_000;
    private long sequence;
    long segmentBytes = 1 << 20;
    long reserveBytes = 1 << 20;
    /// In every connection.
    long unsentBytes;
    ScrubConfig scrub = new ScrubConfig(64 << 20, 1_000_000_000);
    /// What the next replica that starts is given as its disk.
    UnaryOperator<IoMethod> disk = method -> method;
    long checkpointBytes = StreamStoreConfig.DEFAULTS.checkpointBytes();
    ReplicaSettings settings =
            new ReplicaSettings(1, StreamSettings.DEFAULTS, 10_000_000, 0, 5, 8 << 20, 16 << 20, 1_000_000_000, false);

    private record Timer(long at, long sequence, Runnable task) implements Comparable<Timer> {
        @Override
        public int compareTo(Timer other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(sequence, other.sequence);
        }
    }

    private record Link(int from, int to) {}

    TestWorld(Path folder) {
        this.folder = folder;
    }

    /// Streams keep no more than so many bytes, in segments and between checkpoints that are small enough for that to
    /// be
    /// seen.
    void retain(int bytes) {
        segmentBytes = 64 << 10;
        checkpointBytes = 32 << 10;
        settings = new ReplicaSettings(
                1,
                new StreamSettings(Durability.SAFEST_DEFAULT, Durability.WEAKEST, 0, bytes),
                settings.writerDelayNanos(),
                settings.groupCommitDelayNanos(),
                settings.groupCommitSiblings(),
                settings.pendingBytes(),
                settings.replicationLagBytes(),
                settings.replicationLagNanos(),
                settings.rejectWhenFull());
    }

    // Time

    void after(long delayNanos, Runnable task) {
        timers.add(new Timer(nanos + delayNanos, sequence++, task));
    }

    long nanos() {
        return nanos;
    }

    /// Fails after 60 of its own seconds.
    void until(String what, BooleanSupplier condition) {
        var limit = nanos + 60_000_000_000L;
        while (!condition.getAsBoolean()) {
            if (nanos > limit) {
                throw new AssertionError("not within a minute: " + what + "\n" + describe());
            }
            step();
        }
    }

    void run(long forNanos) {
        var end = nanos + forNanos;
        while (nanos < end) {
            step();
        }
    }

    /// So many rounds in which something is done.
    void turns(int rounds) {
        for (var i = 0; i < rounds; i++) {
            step();
        }
    }

    private void step() {
        var done = 0;
        for (var node : List.copyOf(nodes.values())) {
            done += node.turn();
        }
        if (done > 0) {
            return;
        }
        var next = timers.isEmpty() ? Long.MAX_VALUE : timers.peek().at();
        for (var node : nodes.values()) {
            if (node.replica != null) {
                next = Math.min(next, Math.max(nanos + 1000, node.replica.nextWorkNanos()));
            }
        }
        nanos = Math.max(nanos, Math.min(next, nanos + 1_000_000_000));
        while (!timers.isEmpty() && timers.peek().at() <= nanos) {
            timers.remove().task().run();
        }
    }

    String describe() {
        var text = new StringBuilder();
        for (var node : nodes.values()) {
            text.append(node.id).append(": ");
            if (node.replica == null) {
                text.append("down\n");
                continue;
            }
            var status = node.replica.status();
            text.append("%s (%s) %s epoch %s %s%n"
                    .formatted(
                            status.state(), status.detail(), status.integrity(), status.epoch(), status.watermarks()));
            status.followers()
                    .forEach(follower -> text.append("   ").append(follower).append('\n'));
        }
        return text.toString();
    }

    // Nodes

    Node node(int id) {
        return nodes.computeIfAbsent(id, Node::new);
    }

    List<Node> startCluster(int size) {
        var started = new ArrayList<Node>();
        for (var id = 0; id < size; id++) {
            started.add(node(id));
            node(id).start();
        }
        var peers = started.stream().map(Node::peer).toList();
        for (var node : started) {
            node.up().bootstrap(CLUSTER, peers, _ -> {});
        }
        return started;
    }

    Node leader() {
        until("a leader is open", () -> openLeader() != null);
        var leader = openLeader();
        if (leader == null) {
            throw new AssertionError();
        }
        return leader;
    }

    @Nullable
    Node openLeader() {
        for (var node : nodes.values()) {
            if (node.replica != null && node.replica.status().state() == ReplicaStatus.State.LEADER) {
                return node;
            }
        }
        return null;
    }

    void isolate(int node) {
        for (var other : nodes.keySet()) {
            cut.add(new Link(node, other));
            cut.add(new Link(other, node));
        }
    }

    void heal() {
        cut.clear();
    }

    @Override
    public void close() {
        for (var node : nodes.values()) {
            node.crash();
        }
    }

    final class Node implements EventLoop, Network, ReplicaListener {
        final int id;
        private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
        private @Nullable FileLogDirectory directory;
        private int life;

        @Nullable
        Replica replica;

        @Nullable
        String failure;

        final List<String> told = new ArrayList<>();

        /// Every message that left, in order.
        final List<Message> sent = new ArrayList<>();

        Node(int id) {
            this.id = id;
        }

        Path path() {
            return folder.resolve("node-" + id);
        }

        Path newestCheckpoint() throws IOException {
            try (var files = Files.list(path().resolve("streams"))) {
                return files.filter(file -> file.toString().endsWith(".checkpoint"))
                        .max(Comparator.naturalOrder())
                        .orElseThrow();
            }
        }

        /// What was moved aside when the log was cut, or begun anew.
        List<Path> aside() throws IOException {
            var diverged = path().resolve("log/diverged");
            if (!Files.exists(diverged)) {
                return List.of();
            }
            try (var files = Files.list(diverged)) {
                return files.toList();
            }
        }

        Replica up() {
            if (replica == null) {
                throw new AssertionError("node " + id + " is down");
            }
            return replica;
        }

        Peer peer() {
            return new Peer(id, up().status().storageId(), "peer-" + id, "client-" + id);
        }

        void start() {
            try {
                directory = FileLogDirectory.open(path(), Buffering.BUFFERED);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            var wal = new WalConfig(
                    (int) segmentBytes,
                    settings.writerDelayNanos(),
                    settings.groupCommitDelayNanos(),
                    settings.groupCommitSiblings(),
                    settings.pendingBytes(),
                    16 << 20,
                    reserveBytes,
                    false);
            var config = new ReplicaConfig(
                    id,
                    "peer-" + id,
                    "client-" + id,
                    wal,
                    settings,
                    100_000_000,
                    1_000_000_000,
                    2_000_000_000,
                    500_000_000,
                    10_000_000_000L,
                    false,
                    5_000_000_000L,
                    4 << 20,
                    scrub,
                    false);
            failure = null;
            var usual = StreamStoreConfig.DEFAULTS;
            var streams = new StreamStoreConfig(
                    checkpointBytes,
                    1,
                    usual.maxStreams(),
                    usual.maxProducers(),
                    usual.maxStreamsPerProducer(),
                    usual.maxCursorsPerStream(),
                    usual.maxStateBytes(),
                    usual.maxUnindexedBatches(),
                    usual.retainedCheckpoints(),
                    usual.mergedFiles(),
                    usual.producerIdleMillis());
            replica = Replica.open(
                    config,
                    streams,
                    directory,
                    disk.apply(new SyncIoMethod()),
                    Runnable::run,
                    this,
                    this,
                    new Random(id * 31L + life),
                    _ -> {},
                    this);
            up().start();
            for (var other : nodes.values()) {
                if (other.id != id && other.replica != null) {
                    other.up().connected(id, true);
                    up().connected(other.id, true);
                }
            }
        }

        /// The memory is gone; what was written to the files stays.
        void crash() {
            if (replica == null) {
                return;
            }
            life++;
            replica = null;
            tasks.clear();
            try {
                if (directory != null) {
                    directory.close();
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            for (var other : nodes.values()) {
                if (other.replica != null) {
                    other.replica.connected(id, false);
                }
            }
        }

        void shutdown() {
            var done = new boolean[1];
            up().shutdown(() -> done[0] = true);
            until("node " + id + " ends", () -> done[0]);
            crash();
        }

        int turn() {
            if (replica == null) {
                return 0;
            }
            var ran = 0;
            for (var task = tasks.poll(); task != null && replica != null; task = tasks.poll()) {
                task.run();
                ran++;
            }
            return replica == null ? ran : ran + replica.doWork();
        }

        @Override
        public void execute(Runnable task) {
            tasks.add(task);
        }

        @Override
        public void schedule(long delayNanos, Runnable task) {
            var mine = life;
            after(delayNanos, () -> {
                if (mine == life) {
                    tasks.add(task);
                }
            });
        }

        @Override
        public long nanoTime() {
            return nanos;
        }

        @Override
        public long wallMillis() {
            return 1_700_000_000_000L + nanos / 1_000_000;
        }

        @Override
        public void send(int toNodeId, ByteBuffer frame) {
            sent.add(message(frame));
            var target = nodes.get(toNodeId);
            if (target == null || cut.contains(new Link(id, toNodeId))) {
                return;
            }
            var itsLife = target.life;
            after(LATENCY_NANOS, () -> {
                if (target.replica != null && target.life == itsLife && !cut.contains(new Link(id, toNodeId))) {
                    target.replica.receive(id, frame);
                }
            });
        }

        @Override
        public long unsentBytes(int toNodeId) {
            return unsentBytes;
        }

        @Override
        public void locate(int nodeId, String peerAddress) {}

        @Override
        public void advanced(Watermarks watermarks) {}

        @Override
        public void statusChanged(ReplicaStatus status) {}

        @Override
        public void inboxHasRoom() {}

        @Override
        public void logDamaged(String message) {
            told.add(message);
        }

        @Override
        public void storageFailed(String message) {
            failure = message;
        }

        @Override
        public void halted(String message) {
            failure = message;
        }

        // Requests

        void createStream(String name) {
            var outcome = execute(new StreamCommand.CreateStream(
                    name, new StreamConfig(null, null, null, null, 0, 0, new TreeMap<>()), true));
            if (!(outcome instanceof CommandOutcome.Done)) {
                throw new AssertionError(outcome);
            }
        }

        CommandOutcome execute(StreamCommand command) {
            var outcome = new CommandOutcome[1];
            up().execute(command, result -> outcome[0] = result);
            until("an outcome of " + command, () -> outcome[0] != null);
            return outcome[0];
        }

        CommandOutcome flush(Durability durability) {
            var outcome = new CommandOutcome[1];
            up().flush(durability, result -> outcome[0] = result);
            until("a flush", () -> outcome[0] != null);
            return outcome[0];
        }

        Appended append(String stream, String text, Durability durability) {
            var appended = new Appended();
            if (!up().append(command(stream, text, durability, appended, false))) {
                throw new AssertionError("inbox full");
            }
            return appended;
        }

        AppendOutcome await(Appended appended) {
            until("an append ends", () -> appended.outcome != null);
            var outcome = appended.outcome;
            if (outcome == null) {
                throw new AssertionError();
            }
            return outcome;
        }

        AppendOutcome.Acknowledged acknowledged(String stream, String text, Durability durability) {
            var outcome = await(append(stream, text, durability));
            if (outcome instanceof AppendOutcome.Acknowledged acknowledged) {
                return acknowledged;
            }
            throw new AssertionError(outcome);
        }

        StreamStore streams() {
            return up().streams();
        }

        long nextOffset(String stream) {
            var view = streams().stream(stream);
            return view == null ? -1 : view.nextOffset();
        }
    }

    private static Message message(ByteBuffer frame) {
        try {
            return FrameCodec.decode(frame.duplicate().order(frame.order())).message();
        } catch (MalformedException wrong) {
            throw new AssertionError(wrong);
        }
    }

    static AppendCommand command(
            String stream, String text, Durability durability, AppendObserver observer, boolean stages) {
        var records = records(text);
        var crc = new CRC32C();
        crc.update(records.duplicate());
        return new AppendCommand(
                stream,
                durability.commitMode(),
                durability.replicationMode(),
                0,
                0,
                0,
                OptionalLong.empty(),
                OptionalLong.empty(),
                0,
                1,
                records,
                (int) crc.getValue(),
                stages,
                observer);
    }

    /// One record with the text as its value, as `repeated Record records = 15` encodes it.
    static ByteBuffer records(String text) {
        var value = text.getBytes(StandardCharsets.UTF_8);
        var to = ByteBuffer.allocate(20 + value.length).put((byte) ((15 << 3) | 2));
        varint(to, 1 + varintBytes(value.length) + value.length);
        to.put((byte) ((1 << 3) | 2));
        varint(to, value.length);
        return to.put(value).flip();
    }

    private static void varint(ByteBuffer to, int value) {
        var rest = value;
        while (rest > 0x7f) {
            to.put((byte) (rest | 0x80));
            rest >>>= 7;
        }
        to.put((byte) rest);
    }

    private static int varintBytes(int value) {
        var bytes = 1;
        for (var rest = value; rest > 0x7f; rest >>>= 7) {
            bytes++;
        }
        return bytes;
    }

    static Durability durability(CommitMode commit, ReplicationMode replication) {
        return new Durability(commit, replication);
    }

    static final class Appended implements AppendObserver {
        @Nullable
        AppendOutcome outcome;

        final List<Stage> stages = new ArrayList<>();

        @Override
        public void staged(Stage stage, long baseOffset, int recordCount, long lsnEnd, long epoch) {
            stages.add(stage);
        }

        @Override
        public void ended(AppendOutcome result) {
            if (outcome != null) {
                throw new AssertionError("ended twice: " + outcome + ", " + result);
            }
            outcome = result;
        }
    }
}
