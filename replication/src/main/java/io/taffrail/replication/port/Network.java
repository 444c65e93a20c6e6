package io.taffrail.replication.port;

import java.nio.ByteBuffer;

/// Ordered, unreliable delivery of frames to the other replicas; what arrives is handed to `Replica.receive`.
public interface Network {
    /// Sends the frame, or drops it. `frame` belongs to the network from here on. Loop thread; never blocks.
    void send(int toNodeId, ByteBuffer frame);

    /// Bytes that were sent to the node and have not left this process: the leader ships no more than a limit
    /// of them.
    long unsentBytes(int toNodeId);

    /// Where nodes are to be found, when that is learnt or changes.
    void locate(int nodeId, String peerAddress);
}
