package io.taffrail.operator.cluster;

/// What runs in a pod.
interface PodRunner {
    /// The process of node `node`, reachable at `address` from now on.
    AutoCloseable start(int node, String address);
}
