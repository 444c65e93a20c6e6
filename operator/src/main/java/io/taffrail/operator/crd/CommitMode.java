package io.taffrail.operator.crd;

/// When one replica's copy counts; ordered from less to more. The names are those of the custom resource.
public enum CommitMode {
    Async,
    Sync
}
