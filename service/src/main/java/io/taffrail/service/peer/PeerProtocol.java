package io.taffrail.service.peer;

import io.taffrail.proto.replication.ReplicationGrpc;

/// What both ends of `taffrail.replication.v1.Replication/Exchange` agree on. A connection carries the frames of one
/// direction; the answers are frames of the other direction, on that replica's own connection.
final class PeerProtocol {
    static final String METHOD = ReplicationGrpc.SERVICE_NAME + "/Exchange";
    static final String NODE_ID_HEADER = "taffrail-node-id";
    static final String CLUSTER_ID_HEADER = "taffrail-cluster-id";
    /// With the next one, said by both ends.
    static final String STORAGE_ID_HEADER = "taffrail-storage-id";
    static final String INCARNATION_HEADER = "taffrail-incarnation";
    /// Of `Frame`.
    static final int MESSAGE_FIELD = 1;

    private PeerProtocol() {}
}
