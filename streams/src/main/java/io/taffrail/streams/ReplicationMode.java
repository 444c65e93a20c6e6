package io.taffrail.streams;

/// How many copies must count. In ascending order of safety.
public enum ReplicationMode {
    /// The leader's own.
    ASYNC,
    /// A majority of the voters.
    QUORUM,
    /// A majority, and every follower that is in sync.
    ALL
}
