package io.taffrail.replication.protocol;

/// Why a storage takes no part any more. It ends when the storage is a member of the history that replaced its own;
/// else the volume has to be replaced.
public enum Eviction {
    NONE,
    /// A forced recovery began another history, which does not name this storage.
    HISTORY_REPLACED,
    /// Peers have heard a later incarnation of this storage, or acknowledgements of more than its log holds: the
    /// volume is an older copy, and may have forgotten what it promised.
    OLDER_VOLUME;

    /// One line for people: what happened, and what to do.
    String detail() {
        return switch (this) {
            case NONE -> "";
            case HISTORY_REPLACED ->
                "evicted: a forced recovery began another history; empty this volume and add the replica anew";
            case OLDER_VOLUME ->
                "evicted: this volume is an older copy of itself; empty it, remove this voter and add it anew";
        };
    }
}
