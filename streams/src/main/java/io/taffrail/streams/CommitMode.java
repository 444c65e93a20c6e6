package io.taffrail.streams;

/// When one replica's copy counts. In ascending order of safety.
public enum CommitMode {
    /// In the replica's WAL buffer: any death of its process loses it.
    ASYNC,
    /// Flushed to the replica's disk.
    SYNC
}
