package io.taffrail.simulation;

import io.taffrail.replication.Replica;
import io.taffrail.replication.ReplicaConfig;
import io.taffrail.replication.ReplicaListener;
import io.taffrail.replication.ReplicaStatus;
import io.taffrail.replication.port.Network;
import io.taffrail.replication.protocol.Watermarks;
import io.taffrail.simulation.world.Choices;
import io.taffrail.simulation.world.NodeClock;
import io.taffrail.simulation.world.ProcessEnded;
import io.taffrail.simulation.world.ProcessLife;
import io.taffrail.simulation.world.Randomness;
import io.taffrail.simulation.world.SimulatedDisk;
import io.taffrail.simulation.world.SimulatedEventLoop;
import io.taffrail.simulation.world.SimulatedIoMethod;
import io.taffrail.simulation.world.SimulatedLogDirectory;
import io.taffrail.simulation.world.SimulatedNetwork;
import io.taffrail.simulation.world.SimulatedScheduler;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// One life of a node: from the start of its process until it exits, crashes or loses power. It wires a production
/// [Replica] as the service does.
public final class SimulatedProcess {
    /// Whoever watches the replica in it.
    interface Observer {
        void statusChanged(SimulatedProcess process, ReplicaStatus status);

        void advanced(SimulatedProcess process, Watermarks watermarks);

        /// A frame has reached it.
        void heard(SimulatedProcess process, int fromNodeId, ByteBuffer frame);

        /// It did not believe what another said.
        void refused(SimulatedProcess process, int nodeId, String message);

        /// It has asked how much of its volume is free.
        void looked(SimulatedProcess process, long freeBytes);
    }

    /// Whoever starts the next process when this one has ended.
    interface Supervisor {
        /// Its replica is open: the log was read, and made sure of.
        void recovered(SimulatedProcess process);

        /// Its storage has failed, which the next process is told.
        void storageFailed(SimulatedProcess process);

        /// It ended by itself: a crash at an effect, a failed disk, an invariant of its own.
        void ended(SimulatedProcess process, Throwable reason);
    }

    private final int nodeId;
    private final int life;
    private final ProcessLife processLife;
    private final SimulatedEventLoop loop;
    private final SimulatedIoMethod io;
    private final Supervisor supervisor;
    private final Observer observer;
    private final SimulatedScheduler scheduler;
    private @Nullable Replica replica;
    private final VolumeWitness volume;
    private boolean failedStorage;
    private boolean halted;

    SimulatedProcess(
            int nodeId,
            int life,
            SimulationOptions options,
            SimulatedScheduler scheduler,
            NodeClock clock,
            SimulatedDisk disk,
            SimulatedNetwork network,
            Randomness randomness,
            boolean flushFailed,
            Supervisor supervisor,
            Observer observer) {
        this.nodeId = nodeId;
        this.life = life;
        this.supervisor = supervisor;
        this.observer = observer;
        this.scheduler = scheduler;
        volume = new VolumeWitness(disk);
        processLife = new ProcessLife("node " + nodeId + " life " + life);
        loop = new SimulatedEventLoop(
                scheduler, clock, randomness.named("loop"), processLife, reason -> supervisor.ended(this, reason));
        io = new SimulatedIoMethod(scheduler, loop, processLife);
        var directory = disk.mount(
                processLife,
                SimulatedDisk.BlockingTime.of(loop),
                Choices.random(randomness.named("choices")),
                freeBytes -> observer.looked(this, freeBytes));
        var port = network.attach(nodeId, processLife, loop::trueNanos, new Frames());
        // As the service: what bypasses the page cache is not read through it.
        var config = ClusterSettings.of(nodeId, options)
                .afterFailedFlush(flushFailed && options.volume().directBlockBytes() == 1);
        loop.execute(() -> open(config, options, directory, port, randomness));
    }

    private void open(
            ReplicaConfig config,
            SimulationOptions options,
            SimulatedLogDirectory directory,
            Network port,
            Randomness randomness) {
        var opened = Replica.open(
                config,
                ClusterSettings.streams(options),
                directory,
                io,
                Runnable::run,
                loop,
                port,
                randomness.named("replica"),
                percent -> {},
                new Listener());
        supervisor.recovered(this);
        replica = opened;
        loop.work(new SimulatedEventLoop.Work() {
            @Override
            public int doWork() {
                return io.poll() + opened.doWork();
            }

            @Override
            public long nextWorkNanos() {
                return opened.nextWorkNanos();
            }
        });
        opened.start();
        observer.statusChanged(this, opened.status());
    }

    public int nodeId() {
        return nodeId;
    }

    public int life() {
        return life;
    }

    ProcessLife processLife() {
        return processLife;
    }

    SimulatedEventLoop loop() {
        return loop;
    }

    VolumeWitness volume() {
        return volume;
    }

    boolean failedStorage() {
        return failedStorage;
    }

    /// Nothing may be acknowledged or promised any more.
    boolean isToBeSilent() {
        return failedStorage || halted;
    }

    /// Null: it is still recovering, or dead.
    public @Nullable Replica replica() {
        return processLife.ended() ? null : replica;
    }

    /// The replica, dead or alive, for those who look at what it held.
    @Nullable
    Replica lastReplica() {
        return replica;
    }

    @Override
    public String toString() {
        return processLife.name();
    }

    private final class Frames implements SimulatedNetwork.Endpoint {
        @Override
        public void receive(int fromNodeId, ByteBuffer frame) {
            var receiver = replica();
            if (receiver != null) {
                observer.heard(SimulatedProcess.this, fromNodeId, frame.duplicate());
                receiver.receive(fromNodeId, frame);
            }
        }

        @Override
        public void connected(int peer, boolean connected) {
            var receiver = replica();
            if (receiver != null) {
                receiver.connected(peer, connected);
            }
        }
    }

    private final class Listener implements ReplicaListener {
        @Override
        public void advanced(Watermarks watermarks) {
            observer.advanced(SimulatedProcess.this, watermarks);
        }

        @Override
        public void statusChanged(ReplicaStatus status) {
            observer.statusChanged(SimulatedProcess.this, status);
        }

        @Override
        public void inboxHasRoom() {
            // Clients retry by time.
        }

        @Override
        public void peerRefused(int nodeId, String message) {
            observer.refused(SimulatedProcess.this, nodeId, message);
        }

        @Override
        public void storageFailed(String message) {
            failedStorage = true;
            supervisor.storageFailed(SimulatedProcess.this);
            endSoon("storage failed: " + message);
        }

        @Override
        public void halted(String message) {
            halted = true;
            endSoon(message);
        }

        /// As the service: exits a moment later.
        private void endSoon(String why) {
            scheduler.after(1_000_000, () -> {
                if (!processLife.ended()) {
                    supervisor.ended(SimulatedProcess.this, new ProcessEnded(why));
                }
            });
        }
    }
}
