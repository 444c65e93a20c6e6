package io.taffrail.simulation;

import io.taffrail.replication.Peer;
import io.taffrail.replication.Replica;
import io.taffrail.replication.ReplicaStatus;
import io.taffrail.simulation.check.ObservedLog;
import io.taffrail.simulation.world.NodeClock;
import io.taffrail.simulation.world.SimulatedDisk;
import io.taffrail.simulation.world.SimulatedScheduler;
import java.util.UUID;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// A machine with its volume and clock, and the process that runs on it now, if any.
public final class ClusterNode {
    final int id;
    private final SimulatedScheduler scheduler;
    SimulatedDisk disk;
    final NodeClock clock;
    int lives;
    boolean held;

    @Nullable
    SimulatedProcess process;

    @Nullable
    ObservedLog log;

    long comparedLsn;
    long faultsOfDisk;
    long faultOfDiskNanos;
    long openedEpoch;
    /// What its volume had flushed when it was damaged; a replica that holds as much again has made it good.
    long repairedAtLsn;
    /// The page cache shows bytes that the disk does not hold, and will never write.
    boolean cacheLies;
    /// A mark on the volume: a flush has failed since the log was read last.
    boolean flushFailed;
    /// The process that met the failure was killed before it made the mark, so the one after it believed the cache.
    boolean damageLasts;
    /// Who has its volume, while it has theirs; null: it has its own.
    @Nullable
    ClusterNode exchangedWith;

    /// The log must not end here silently when the process starts again; -1: it may.
    long mustNoticeLsn = -1;
    /// Whether a volume still says so.
    Predicate<SimulatedDisk> witness = volume -> true;
    /// A process has begun on the volume when it did say so, and nobody else has touched it since.
    boolean wasTold;
    /// What the newest checkpoint covered when the process started.
    long checkpointLsn;
    boolean wasSuspect;
    /// Bytes of an old segment have changed, and are not known to be good again.
    boolean rots;
    /// The last look at its log met some of them.
    boolean unreadable;
    /// An older copy of its volume, and all others know that: it must take no part.
    boolean isOlder;
    /// A person has given its volume up: it comes back with a new one, if at all.
    boolean givenUp;
    /// As its process said last; null: it belongs to none, or has said nothing.
    @Nullable
    UUID historyId;

    ReplicaStatus.@Nullable Integrity integrity;

    ClusterNode(int id, SimulatedScheduler scheduler, SimulatedDisk disk, NodeClock clock) {
        this.id = id;
        this.scheduler = scheduler;
        this.disk = disk;
        this.clock = clock;
    }

    public int id() {
        return id;
    }

    public SimulatedDisk disk() {
        return disk;
    }

    public NodeClock clock() {
        return clock;
    }

    /// A forced recovery has been asked for that does not name it among the survivors.
    public boolean isGivenUp() {
        return givenUp;
    }

    /// It is down, and stays so for as long as a plot wants.
    public boolean isHeld() {
        return held;
    }

    /// It has another node's volume.
    public boolean exchanged() {
        return exchangedWith != null;
    }

    /// Each of the two has the other's volume.
    public boolean exchangedWith(ClusterNode other) {
        return exchangedWith == other;
    }

    /// Whose volume it has.
    ClusterNode volumesOwner() {
        return exchangedWith == null ? this : exchangedWith;
    }

    /// Its own volume, wherever that is.
    SimulatedDisk ownDisk() {
        return exchangedWith == null ? disk : exchangedWith.disk;
    }

    public boolean isUp() {
        return process != null;
    }

    /// Null: down, or still recovering.
    public @Nullable Replica replica() {
        return process == null ? null : process.replica();
    }

    /// As it is named among the voters; the node is up.
    public Peer peer() {
        var replica = replica();
        if (replica == null) {
            throw new IllegalStateException("node " + id + " is down");
        }
        return new Peer(id, replica.status().storageId(), ClusterSettings.peerAddress(id), "node-" + id + ":9090");
    }

    /// Now, as far as the node has lived it: a call that blocks is ahead of the world.
    public long trueNanos() {
        return process == null ? scheduler.nowNanos() : process.loop().trueNanos();
    }
}
