package io.taffrail.operator.plan;

import io.taffrail.operator.crd.LogClusterSpec;
import io.taffrail.operator.observe.ObservedCluster;
import io.taffrail.operator.observe.ObservedReplica;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// A plan while it is made: each concern reads the situation and adds to it.
final class Draft {
    final LogClusterSpec spec;
    final ObservedCluster seen;
    final Instant now;
    private final List<Action> actions = new ArrayList<>();
    private final List<Plan.Wait> waits = new ArrayList<>();
    private final List<Plan.Pending> pending = new ArrayList<>();
    private boolean disruptive;

    Draft(LogClusterSpec spec, ObservedCluster seen, Instant now) {
        this.spec = spec;
        this.seen = seen;
        this.now = now;
    }

    void act(Action action) {
        actions.add(action);
    }

    /// An action that takes something away from the cluster for a while. One in a plan: the next sees its effect first.
    void disrupt(Action action) {
        if (disruptive) {
            throw new IllegalStateException("two disruptive actions in one plan: " + actions + ", " + action);
        }
        disruptive = true;
        actions.add(action);
    }

    boolean disruptive() {
        return disruptive;
    }

    void waitFor(String reason, String message) {
        waits.add(new Plan.Wait(reason, message, false));
    }

    void refuse(String reason, String message) {
        waits.add(new Plan.Wait(reason, message, true));
    }

    void pending(String name, String reason, String message) {
        pending.add(new Plan.Pending(name, reason, message));
    }

    String podName(int ordinal) {
        return seen.name() + "-" + ordinal;
    }

    /// Why nobody knows yet what a node's volume holds, or what its replica says.
    String unheard(int node) {
        var reads = replica(node).filter(replica -> !replica.opened()).isPresent();
        return podName(node) + (reads ? " has not read its log yet" : " has not answered yet");
    }

    /// Nodes that vote: as the leader says, or as it last said.
    Set<Integer> voters() {
        return seen.leader()
                .map(leader -> leader.voters().keySet())
                .orElse(seen.recorded().voters());
    }

    Optional<ObservedReplica> replica(int nodeId) {
        return Optional.ofNullable(seen.replicas().get(nodeId));
    }

    Plan finish() {
        return new Plan(actions, waits, pending);
    }
}
