package io.taffrail.operator.crd;

/// How many copies must count before an append is acknowledged; ordered from less to more.
public enum ReplicationMode {
    Async,
    Quorum,
    All
}
