package io.taffrail.replication;

import java.util.UUID;

/// A member of the cluster. A voter is the pair of node and storage: a new volume is a new voter.
public record Peer(int nodeId, UUID storageId, String peerAddress, String clientAddress) {}
