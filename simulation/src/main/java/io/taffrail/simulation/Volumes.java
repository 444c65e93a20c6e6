package io.taffrail.simulation;

import io.taffrail.simulation.check.Checks;
import io.taffrail.simulation.world.Choices;
import io.taffrail.simulation.world.SimulatedDisk;
import io.taffrail.simulation.world.SimulatedScheduler;
import java.util.List;
import java.util.SplittableRandom;

/// Which volume each node has: a new one, another node's, or one that is brought back.
public final class Volumes {
    private final NodeLives lives;
    private final OlderVolumes older;
    private final SimulationOptions options;
    private final VolumeDamage damage;
    private final Checks checks;
    private final SimulatedScheduler scheduler;
    private final SplittableRandom crashes;

    /// @param crashes draws what a power loss leaves
    Volumes(
            NodeLives lives,
            List<ClusterNode> nodes,
            SimulationOptions options,
            VolumeDamage damage,
            Checks checks,
            Coverage coverage,
            SimulatedScheduler scheduler,
            SplittableRandom crashes) {
        this.lives = lives;
        this.options = options;
        this.damage = damage;
        this.checks = checks;
        this.scheduler = scheduler;
        this.crashes = crashes;
        older = new OlderVolumes(lives, this, nodes, options.budget(), damage, checks, coverage, scheduler);
    }

    public OlderVolumes older() {
        return older;
    }

    /// Whether the node's volume says whose it is: a new one does from when its replica's first incarnation
    /// is durable.
    public boolean namesItsOwner(ClusterNode node) {
        return new VolumeWitness(node.disk()).meta() != null;
    }

    /// How far small files of the volume say that its log had been flushed; `checkpoints`: they are whole and
    /// say so, too.
    public static long rememberedLsn(SimulatedDisk disk, boolean checkpoints) {
        return Math.max(VolumeWitness.durableHintLsn(disk), checkpoints ? VolumeWitness.checkpointLsn(disk) : 0);
    }

    /// What a copy that is made of the node's volume now has: what a power loss would leave.
    public SimulatedDisk snapshot(ClusterNode node) {
        var copy = node.disk.copy();
        copy.losePower(Choices.random(crashes));
        return copy;
    }

    /// Both are down. Each gets the volume that the other has: another node's, or its own back.
    public void exchange(ClusterNode one, ClusterNode other) {
        scheduler.note("nodes " + one.id() + " and " + other.id() + " get each other's volume");
        var disk = one.disk;
        one.disk = other.disk;
        other.disk = disk;
        var back = one.exchangedWith(other);
        one.exchangedWith = back ? null : other;
        other.exchangedWith = back ? null : one;
    }

    /// The node is down. It comes back with a new volume.
    public void empty(ClusterNode node) {
        damage.damaged(node);
        replace(node);
    }

    /// The node is down, and its own volume is no member's any more, wherever that is: it gets a new one.
    public void replace(ClusterNode node) {
        var other = node.exchangedWith;
        if (other != null) {
            lives.crash(other, "gets its own volume back");
            exchange(node, other);
            scheduler.after(0, () -> lives.start(other));
        }
        scheduler.note("node " + node.id() + " gets an empty volume");
        var behaviour = node.disk.behaviour();
        node.disk = new SimulatedDisk(options.volume());
        node.disk.behaviour(behaviour);
        node.givenUp = false;
        node.isOlder = false;
        damage.forget(node);
        older.replaceAll();
        checks.epochs().forget(node.id());
        checks.configurations().forget(node.id());
    }
}
