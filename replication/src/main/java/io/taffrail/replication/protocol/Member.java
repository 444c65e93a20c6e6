package io.taffrail.replication.protocol;

import java.util.UUID;

/// A replica as a configuration names it. The pair of node and storage is its identity: a new volume is a new
/// member, since with the old one its promises are gone.
public record Member(int nodeId, UUID storageId, String peerAddress, String clientAddress) {}
