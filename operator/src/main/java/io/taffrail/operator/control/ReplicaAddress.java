package io.taffrail.operator.control;

/// Where a replica is called.
///
/// @param ip of its pod: it does not depend on name resolution, and a replica that answers under an address that
///     now belongs to another cluster is told apart by its cluster id
/// @param host its name, which its certificate must carry
/// @param secretName namespace/name of the Secret with the certificates, empty: plaintext
public record ReplicaAddress(String ip, int port, String host, String secretName) {}
