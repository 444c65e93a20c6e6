package io.taffrail.replication;

import io.taffrail.replication.port.EventLoop;
import io.taffrail.replication.port.Network;
import io.taffrail.streams.Durability;
import io.taffrail.streams.StreamCommand;
import io.taffrail.streams.StreamStore;
import io.taffrail.wal.WalReader;
import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.LogDirectory;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/// One replica of one shard: the protocol's core, the log and the streams' state, on one loop. Posts what
/// happens to the core as events and performs its effects. Methods are for any thread unless they say
/// otherwise.
public final class Replica {
    /// Recovers what the directory holds; blocks, on the thread that will be the loop's. `progress` hears
    /// percent.
    public static Replica open(
            ReplicaConfig config,
            LogDirectory directory,
            IoMethod io,
            EventLoop loop,
            Network network,
            RandomGenerator random,
            Consumer<Integer> progress,
            ReplicaListener listener) {
        throw new UnsupportedOperationException("not built yet");
    }

    /// Begins to take part: elections, appends, timers. An unbootstrapped replica waits.
    public void start() {
        throw new UnsupportedOperationException("not built yet");
    }

    /// One turn of the loop: the log's work. Returns how much was done. Loop thread.
    public int doWork() {
        throw new UnsupportedOperationException("not built yet");
    }

    /// When [#doWork] must run again at the latest; [Long#MAX_VALUE]: when something happens. Loop thread.
    public long nextWorkNanos() {
        throw new UnsupportedOperationException("not built yet");
    }

    /// Makes an empty replica a member of a new cluster; the same call again changes nothing.
    public void bootstrap(UUID clusterId, List<Peer> voters, Consumer<CommandOutcome> done) {
        throw new UnsupportedOperationException("not built yet");
    }

    /// False: the inbox is full and the command was not taken; try again after
    /// [ReplicaListener#inboxHasRoom].
    public boolean append(AppendCommand command) {
        throw new UnsupportedOperationException("not built yet");
    }

    public void execute(StreamCommand command, Consumer<CommandOutcome> done) {
        throw new UnsupportedOperationException("not built yet");
    }

    /// A barrier: done when everything appended before it has reached `durability`.
    public void flush(Durability durability, Consumer<CommandOutcome> done) {
        throw new UnsupportedOperationException("not built yet");
    }

    /// A frame from another replica.
    public void receive(int fromNodeId, ByteBuffer frame) {
        throw new UnsupportedOperationException("not built yet");
    }

    /// The connection to the node came or went.
    public void connected(int nodeId, boolean connected) {
        throw new UnsupportedOperationException("not built yet");
    }

    public void applySettings(ReplicaSettings settings, Consumer<CommandOutcome> done) {
        throw new UnsupportedOperationException("not built yet");
    }

    /// `targetNodeId` -1: the follower that has the most.
    public void transferLeadership(int targetNodeId, Consumer<CommandOutcome> done) {
        throw new UnsupportedOperationException("not built yet");
    }

    public void changeVoters(long expectedConfigId, VoterChange change, Consumer<CommandOutcome> done) {
        throw new UnsupportedOperationException("not built yet");
    }

    /// Hands leadership over, admits nothing more, flushes, marks the log clean. `done` when it is safe to
    /// exit.
    public void shutdown(Runnable done) {
        throw new UnsupportedOperationException("not built yet");
    }

    public ReplicaStatus status() {
        throw new UnsupportedOperationException("not built yet");
    }

    public ReplicaSettings settings() {
        throw new UnsupportedOperationException("not built yet");
    }

    public Watermarks watermarks() {
        throw new UnsupportedOperationException("not built yet");
    }

    public StreamStore streams() {
        throw new UnsupportedOperationException("not built yet");
    }

    public WalReader newReader() {
        throw new UnsupportedOperationException("not built yet");
    }
}
