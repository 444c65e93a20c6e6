package io.taffrail.simulation;

import io.taffrail.replication.Replica;
import io.taffrail.simulation.check.ObservedLog;
import io.taffrail.simulation.world.NodeClock;
import io.taffrail.simulation.world.SimulatedDisk;
import org.jspecify.annotations.Nullable;

/// A machine with its volume and clock, and the process that runs on it now, if any.
public final class ClusterNode {
    final int id;
    final SimulatedDisk disk;
    final NodeClock clock;
    int lives;
    boolean held;

    @Nullable
    SimulatedProcess process;

    @Nullable
    ObservedLog log;

    long comparedLsn;
    long faultsOfDisk;
    long openedEpoch;

    ClusterNode(int id, SimulatedDisk disk, NodeClock clock) {
        this.id = id;
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

    public boolean isUp() {
        return process != null;
    }

    /// Null: down, or still recovering.
    public @Nullable Replica replica() {
        return process == null ? null : process.replica();
    }
}
