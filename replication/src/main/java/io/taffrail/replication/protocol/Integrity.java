package io.taffrail.replication.protocol;

/// What a replica can vouch for.
public enum Integrity {
    /// Holds everything that it ever acknowledged.
    INTACT,
    /// What it holds is sound, but it may have forgotten what it acknowledged from memory.
    AMNESIC,
    /// What it holds is not proven; it counts nowhere.
    SUSPECT
}
