package io.taffrail.operator.cluster;

import io.taffrail.operator.resource.ClusterNames;
import io.taffrail.proto.log.StreamDescription;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Stand-in replicas whose disks go by the uid of a claim.
public final class StandIns {
    private final StandInCluster cluster;
    private final Loopback loopback = new Loopback();
    private final Map<Integer, String> claims = new HashMap<>();

    public StandIns() {
        this(Duration.ZERO);
    }

    /// @param catchUp how long a replica takes to be in sync after it has started; half of it, it reads its log
    public StandIns(Duration catchUp) {
        cluster = new StandInCluster(catchUp);
    }

    public String prefix() {
        return loopback.prefix();
    }

    /// Another claim under the same name is another, empty disk.
    public StandInReplica start(int node, String address, String claim) {
        var replica = new StandInReplica(cluster, node, address, ClusterNames.CLIENT_PORT);
        synchronized (claims) {
            var before = claims.put(node, claim);
            if (before != null && !before.equals(claim)) {
                cluster.replaceDisk(node);
            }
        }
        return replica;
    }

    public boolean ready(int node) {
        return cluster.serves(node);
    }

    /// Appends a record; false: nobody could acknowledge it.
    public boolean append() {
        return cluster.append();
    }

    public long acknowledged() {
        return cluster.acknowledged();
    }

    /// What must never have happened, and did.
    public List<String> violations() {
        return cluster.violations();
    }

    /// Null: the operator may end this node's pod now.
    public @Nullable String harmOfRestarting(int node) {
        return cluster.harmOfRestarting(node);
    }

    public int leader() {
        return cluster.leader();
    }

    /// The next election follows at once: the status changes.
    public void transfer(int target) {
        cluster.transfer(cluster.leader(), target);
    }

    public long bootstraps() {
        return cluster.calls().stream()
                .filter(call -> call.startsWith("bootstrap"))
                .count();
    }

    public long transfers() {
        return cluster.calls().stream()
                .filter(call -> call.startsWith("transfer"))
                .count();
    }

    public List<Integer> voters() {
        return cluster.voters();
    }

    public long writerDelayMicros(int node) {
        return cluster.settings(node).getWriterDelayMicros();
    }

    public Map<String, StreamDescription> streams() {
        return cluster.streams();
    }

    public void createForeignStream(String name) {
        cluster.streams()
                .put(
                        name,
                        StreamDescription.newBuilder()
                                .setStream(name)
                                .setStreamId(99)
                                .build());
    }
}
