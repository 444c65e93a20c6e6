package io.taffrail.service.host;

import io.netty.util.concurrent.EventExecutor;
import io.taffrail.replication.Peer;
import io.taffrail.replication.Replica;
import io.taffrail.replication.ReplicaConfig;
import io.taffrail.replication.ReplicaListener;
import io.taffrail.replication.ReplicaStatus;
import io.taffrail.replication.port.Network;
import io.taffrail.replication.protocol.Watermarks;
import io.taffrail.wal.io.FlushFailedException;
import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.LogDirectory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// The replica that lives in this process, from before it is open until after it is closed. Methods are for any thread.
public final class ReplicaHost implements ReplicaListener {
    private static final Logger LOG = Logger.getLogger(ReplicaHost.class);

    /// What the replica stands on. Opened on the loop's own thread: it blocks.
    public interface Storage {
        LogDirectory openDirectory() throws IOException;

        IoMethod openIo(LogDirectory directory) throws IOException;

        /// Whether a flush has failed since [#recovered] was last called, and what is read from the files may
        /// be in the page cache alone.
        boolean flushFailed(LogDirectory directory) throws IOException;

        /// What the log holds was read, and is on the disk.
        void recovered() throws IOException;
    }

    /// How the process learns that it has to end.
    public interface Failures {
        void storageFailed(String message);

        /// As [ReplicaListener#halted].
        void halted(String message);

        /// A promise of the code does not hold. Nothing of the replica may be believed any more.
        void broken(Throwable cause);
    }

    public enum Phase {
        STARTING,
        RECOVERING,
        OPEN,
        STOPPING,
        STOPPED,
        FAILED
    }

    private final int nodeId;
    private final Storage storage;
    private final Executor background;
    private final Network network;
    private final RandomGenerator random;
    private final Failures failures;
    private final TurnLoop loop;
    private final Outboxes outboxes = new Outboxes();
    private final List<HostObserver> observers = new CopyOnWriteArrayList<>();
    private final Queue<Runnable> waitingForRoom = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean shutdownBegun = new AtomicBoolean();

    private volatile @Nullable ReplicaConfig config;
    private volatile @Nullable Replica replica;
    private volatile @Nullable LogDirectory directory;
    private volatile Phase phase = Phase.STARTING;
    private volatile int recoveryPercent;
    private volatile String ioMethodName = "";

    /// @param background as of [Replica#open]: checkpoints, scrubbing, repairs, what followers lack and only files hold
    /// @param eventLoopOfThisThread as in [TurnLoop]
    public ReplicaHost(
            int nodeId,
            Storage storage,
            Executor background,
            Network network,
            RandomGenerator random,
            Supplier<@Nullable Executor> eventLoopOfThisThread,
            Failures failures) {
        this.nodeId = nodeId;
        this.storage = storage;
        this.background = background;
        this.network = network;
        this.random = random;
        this.loop = new TurnLoop(eventLoopOfThisThread);
        this.failures = failures;
    }

    /// The loop, from opening to closing; the body of the thread that is the replica's.
    public void run(ReplicaConfig replicaConfig) {
        config = replicaConfig;
        loop.claim();
        try {
            var opened = storage.openDirectory();
            directory = opened;
            phase = Phase.RECOVERING;
            var io = storage.openIo(opened);
            ioMethodName = io.name();
            var started = Replica.open(
                    replicaConfig.afterFailedFlush(storage.flushFailed(opened)),
                    opened,
                    io,
                    background,
                    loop,
                    network,
                    random,
                    percent -> recoveryPercent = percent,
                    this);
            storage.recovered();
            recoveryPercent = 100;
            replica = started;
            phase = Phase.OPEN;
            started.start();
            observers.forEach(HostObserver::opened);
            loop.run(io, new TurnLoop.Work() {
                @Override
                public int doWork() {
                    return started.doWork();
                }

                @Override
                public long nextWorkNanos() {
                    return started.nextWorkNanos();
                }

                @Override
                public void turnEnded() {
                    outboxes.turnEnded();
                }
            });
            io.close();
            opened.close();
        } catch (Throwable broken) {
            phase = Phase.FAILED;
            if (FlushFailedException.isCauseOf(broken)) {
                // Also in a start: the next one has to be told, or it would believe the page cache.
                failures.storageFailed(String.valueOf(broken.getMessage()));
            } else {
                failures.broken(broken);
            }
        }
    }

    /// Hands leadership over, flushes, marks the log clean; `done` runs when it is safe to exit. More than once: the
    /// first counts.
    public void shutdown(Runnable done) {
        if (!shutdownBegun.compareAndSet(false, true)) {
            return;
        }
        var running = replica;
        if (running == null || phase != Phase.OPEN) {
            done.run();
            return;
        }
        phase = Phase.STOPPING;
        running.shutdown(() -> {
            phase = Phase.STOPPED;
            loop.execute(loop::stop);
            done.run();
        });
    }

    public void observe(HostObserver observer) {
        observers.add(observer);
    }

    /// Null until it is recovered.
    public @Nullable Replica replica() {
        return replica;
    }

    public int nodeId() {
        return nodeId;
    }

    /// Where clients reach this replica; empty before [#run].
    public String clientAddress() {
        var here = config;
        return here == null ? "" : here.clientAddress();
    }

    /// Where the other replicas do; empty before [#run].
    public String peerAddress() {
        var here = config;
        return here == null ? "" : here.peerAddress();
    }

    /// As the replica sees itself, at the addresses where it is now: a cluster of one may have moved since its voters
    /// were written down. Null until it is recovered.
    public @Nullable ReplicaStatus status() {
        var running = replica;
        var here = config;
        if (running == null || here == null) {
            return null;
        }
        var status = running.status();
        return new ReplicaStatus(
                status.nodeId(),
                status.storageId(),
                status.incarnation(),
                status.clusterId(),
                status.historyId(),
                status.formerHistories(),
                status.state(),
                status.detail(),
                status.integrity(),
                status.epoch(),
                status.promisedEpoch(),
                status.leader() == null ? null : moved(status.leader(), here),
                status.configId(),
                status.voters().stream().map(peer -> moved(peer, here)).toList(),
                status.learners().stream().map(peer -> moved(peer, here)).toList(),
                status.followers(),
                status.startLsn(),
                status.watermarks(),
                status.recovery(),
                status.settingsGeneration(),
                status.elections(),
                status.refusedPeers());
    }

    private static Peer moved(Peer peer, ReplicaConfig here) {
        return peer.nodeId() == here.nodeId()
                ? new Peer(peer.nodeId(), peer.storageId(), here.peerAddress(), here.clientAddress())
                : peer;
    }

    public Phase phase() {
        return phase;
    }

    public int recoveryPercent() {
        return recoveryPercent;
    }

    /// As the method calls itself; empty before it is chosen.
    public String ioMethodName() {
        return ioMethodName;
    }

    public @Nullable LogDirectory directory() {
        return directory;
    }

    public long sinceTurnNanos() {
        return loop.sinceTurnNanos();
    }

    /// Hands over to a client's event loop, in one piece with what else leaves in this turn.
    public void deliver(EventExecutor eventLoop, Delivery delivery) {
        if (loop.inLoop()) {
            outboxes.add(eventLoop, delivery);
        } else {
            var alone = new ArrayList<Delivery>();
            alone.add(delivery);
            Outboxes.send(eventLoop, alone);
        }
    }

    /// Runs `retry` on the loop when the replica's inbox has room again. Try once more after this call: the room may
    /// have come before it.
    public void whenRoom(Runnable retry) {
        waitingForRoom.add(retry);
    }

    @Override
    public void advanced(Watermarks watermarks) {
        for (var observer : observers) {
            observer.advanced(watermarks);
        }
    }

    @Override
    public void statusChanged(ReplicaStatus status) {
        LOG.debugf("state %s, epoch %s: %s", status.state(), status.epoch(), status.detail());
        for (var observer : observers) {
            observer.statusChanged(status);
        }
    }

    @Override
    public void inboxHasRoom() {
        for (var waiting = waitingForRoom.size(); waiting > 0; waiting--) {
            var retry = waitingForRoom.poll();
            if (retry == null) {
                return;
            }
            retry.run();
        }
    }

    @Override
    public void peerRefused(int peer, String message) {
        LOG.warnf("node %s %s", peer, message);
    }

    @Override
    public void logDamaged(String message) {
        LOG.error(message);
    }

    @Override
    public void logHindered(String reason) {
        LOG.errorf("the log cannot make its next file, appends are refused until it can: %s", reason);
    }

    @Override
    public void streamsHindered(String message) {
        LOG.warnf("streams' state: %s", message);
    }

    @Override
    public void storageFailed(String message) {
        phase = Phase.FAILED;
        failures.storageFailed(message);
    }

    @Override
    public void halted(String message) {
        phase = Phase.FAILED;
        failures.halted(message);
    }
}
