package io.taffrail.operator.cluster;

import io.taffrail.operator.resource.ClusterNames;
import io.taffrail.proto.log.StreamDescription;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Stand-in replicas whose disks go by the uid of a claim.
public final class StandIns {
    private final StandInCluster cluster = new StandInCluster();
    private final Loopback loopback = new Loopback();
    private final Map<Integer, String> claims = new HashMap<>();

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
