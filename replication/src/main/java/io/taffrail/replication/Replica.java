package io.taffrail.replication;

import io.taffrail.replication.port.EventLoop;
import io.taffrail.replication.port.Network;
import io.taffrail.replication.protocol.Configuration;
import io.taffrail.replication.protocol.Event;
import io.taffrail.replication.protocol.ForcedRecovery;
import io.taffrail.replication.protocol.Member;
import io.taffrail.replication.protocol.Watermarks;
import io.taffrail.streams.Durability;
import io.taffrail.streams.Refusal;
import io.taffrail.streams.StreamCommand;
import io.taffrail.streams.StreamStore;
import io.taffrail.streams.StreamStoreConfig;
import io.taffrail.wal.WalReader;
import io.taffrail.wal.WalStats;
import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.LogDirectory;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/// One replica of one shard: the protocol's core, the log and the streams' state, on one loop. Posts what
/// happens to the core as events and performs its effects. Methods are for any thread unless they say
/// otherwise.
///
/// A `done` is called at most once; after the shutdown it may never be. It runs in a turn of the loop, so it
/// must not block. What it throws comes out of that turn, which may have been half done: the loop has to end.
/// When the inbox is full, [#execute] and [#flush] call it on the caller's thread, before they return.
public final class Replica {
    private final EventLoop loop;
    private final ReplicaLoop shell;

    /// Recovers what the directory holds; blocks, on the thread that will be the loop's. `progress` hears
    /// percent. `background` writes checkpoints, reads and repairs closed segments, and may block; more than
    /// one thread of it keeps those from waiting for each other. Throws
    /// [io.taffrail.wal.WalException.NoRoom] if the disk is too full to begin with: the same start works once
    /// there is room.
    public static Replica open(
            ReplicaConfig config,
            LogDirectory directory,
            IoMethod io,
            Executor background,
            EventLoop loop,
            Network network,
            RandomGenerator random,
            Consumer<Integer> progress,
            ReplicaListener listener) {
        return open(
                config,
                StreamStoreConfig.DEFAULTS,
                directory,
                io,
                background,
                loop,
                network,
                random,
                progress,
                listener);
    }

    /// With other limits of the streams' state, such as how much log lies between two checkpoints.
    public static Replica open(
            ReplicaConfig config,
            StreamStoreConfig streams,
            LogDirectory directory,
            IoMethod io,
            Executor background,
            EventLoop loop,
            Network network,
            RandomGenerator random,
            Consumer<Integer> progress,
            ReplicaListener listener) {
        progress.accept(0);
        var signals = new WalSignals();
        var opened = Opening.open(
                config, streams, directory, io, background, loop::nanoTime, signals, listener::streamsHindered, random);
        progress.accept(100);
        return new Replica(loop, new ReplicaLoop(config, opened, signals, background, loop, network, random, listener));
    }

    private Replica(EventLoop loop, ReplicaLoop shell) {
        this.loop = loop;
        this.shell = shell;
    }

    /// Begins to take part: elections, appends, timers. An unbootstrapped replica waits.
    public void start() {
        loop.execute(shell::start);
    }

    /// One turn of the loop: the log's work. Returns how much was done. Loop thread.
    public int doWork() {
        return shell.doWork();
    }

    /// When [#doWork] must run again at the latest; [Long#MAX_VALUE]: when something happens. Loop thread.
    public long nextWorkNanos() {
        return shell.nextWorkNanos();
    }

    /// Makes an empty replica a member of a new cluster; the same call again changes nothing. Done when that is
    /// durable here.
    public void bootstrap(UUID clusterId, List<Peer> voters, Consumer<CommandOutcome> done) {
        var members = voters.stream().map(Replica::member).toList();
        loop.execute(() -> shell.bootstrap(clusterId, new Configuration(1, members, List.of()), done));
    }

    /// False: the inbox is full and the command was not taken; try again after
    /// [ReplicaListener#inboxHasRoom].
    public boolean append(AppendCommand command) {
        return shell.offer(command);
    }

    public void execute(StreamCommand command, Consumer<CommandOutcome> done) {
        offerOrRefuse(new InboxItem.Command(command, done));
    }

    /// A barrier: done when everything appended before it has reached `durability`.
    public void flush(Durability durability, Consumer<CommandOutcome> done) {
        offerOrRefuse(new InboxItem.Flush(durability, done));
    }

    private void offerOrRefuse(InboxItem item) {
        if (!shell.offer(item)) {
            item.refuse(Refusal.of(Refusal.Code.QUEUE_FULL, "the leader's inbox is full: retry"));
        }
    }

    /// A frame from another replica.
    public void receive(int fromNodeId, ByteBuffer frame) {
        loop.execute(() -> shell.receive(fromNodeId, frame));
    }

    /// The connection to the node came or went.
    public void connected(int nodeId, boolean connected) {
        loop.execute(() -> shell.post(new Event.Connected(nodeId, connected)));
    }

    public void applySettings(ReplicaSettings settings, Consumer<CommandOutcome> done) {
        loop.execute(() -> shell.applySettings(settings, done));
    }

    /// `targetNodeId` -1: the follower that has the most.
    public void transferLeadership(int targetNodeId, Consumer<CommandOutcome> done) {
        loop.execute(() -> shell.request(done, id -> new Event.TransferLeadership(id, targetNodeId)));
    }

    /// Done once it is sure that this replica led at a time after the call, so that its watermarks cover whatever any
    /// leader had acknowledged before the call. Refused with `NOT_LEADER` otherwise.
    public void readIndex(Consumer<CommandOutcome> done) {
        loop.execute(() -> shell.request(done, Event.ReadIndex::new));
    }

    /// Which epoch wrote which part of the log, for readers that come with a position.
    public EpochMap epochs() {
        return shell.epochs();
    }

    public void changeVoters(long expectedConfigId, VoterChange change, Consumer<CommandOutcome> done) {
        var translated = switch (change) {
            case VoterChange.AddLearner(Peer learner) -> new Event.Change.AddLearner(member(learner));
            case VoterChange.PromoteLearner(int nodeId) -> new Event.Change.PromoteLearner(nodeId);
            case VoterChange.RemoveVoter(int nodeId) -> new Event.Change.RemoveVoter(nodeId);
            case VoterChange.RemoveLearner(int nodeId) -> new Event.Change.RemoveLearner(nodeId);
        };
        loop.execute(() -> shell.changeVoters(expectedConfigId, translated, done));
    }

    /// What [#forceRecovery] would do now. Changes nothing.
    public void planRecovery(List<Integer> survivors, Consumer<RecoveryPlan> done) {
        loop.execute(() -> done.accept(shell.recoveryPlan(survivors)));
    }

    /// Goes on from this replica's log without a majority, in a new history, see [ForcedRecovery]. Done when the new
    /// history is durable here; it leads when the survivors hold the log.
    public void forceRecovery(ForcedRecoveryRequest request, Consumer<CommandOutcome> done) {
        var translated = new ForcedRecovery.Request(
                request.clusterId(), request.requestId(), request.survivors(), request.expectedLastLsn());
        loop.execute(() -> shell.request(done, id -> new Event.ForceRecovery(id, translated)));
    }

    private static Member member(Peer peer) {
        return new Member(peer.nodeId(), peer.storageId(), peer.peerAddress(), peer.clientAddress());
    }

    /// Hands leadership over, admits nothing more, flushes, marks the log clean. `done` when it is safe to
    /// exit.
    public void shutdown(Runnable done) {
        loop.execute(() -> shell.shutdown(done));
    }

    public ReplicaStatus status() {
        return shell.status();
    }

    public ReplicaSettings settings() {
        return shell.settings();
    }

    public Watermarks watermarks() {
        return shell.watermarks();
    }

    /// First LSN that a reader may read now; a status may be older.
    public long startLsn() {
        return shell.startLsn();
    }

    public WalStats walStats() {
        return shell.walStats();
    }

    public StreamStore streams() {
        return shell.streams();
    }

    /// What verifying the log in the background has found.
    public ScrubStatus scrub() {
        return shell.scrub();
    }

    /// A reader has met bytes at `lsn` that are not what was written: the segment is verified before others.
    public void doubt(long lsn) {
        loop.execute(() -> shell.doubt(lsn));
    }

    public WalReader newReader() {
        return shell.newReader();
    }
}
