package io.taffrail.simulation.model;

/// A rule of the protocol that the surroundings of the core take away, so that the search has something
/// to find: a search that finds nothing with a rule off proves nothing with it on.
public enum KillSwitch {
    /// A replica that crashed with `dirty` set comes back as if it had not been.
    AMNESIA,
    /// A leader that crashed goes on in its epoch, with the log that it has left.
    NEW_EPOCH_AFTER_RESTART,
    /// Testimonies are ordered by what the voters had promised, not by the last entry's epoch.
    ORDER_BY_LAST_ENTRY,
    /// A promise survives a crash only as far as the log shows it.
    DURABLE_PROMISE,
    /// An acknowledgement counts in whatever session and incarnation is the current one.
    INCARNATION_OF_ACKNOWLEDGEMENTS,
    /// A leader is open at once, and inherited entries are acknowledged as they are counted.
    BARRIER,
    /// What an election of tier 2 or 3 declares as possibly lost is not accepted as declared.
    DECLARED_LOSS,
    /// A replica whose log lost what it had flushed counts as one that has lost nothing.
    SUSPECT,
    /// A leader changes the voters before an entry of its own epoch is flushed on a majority.
    CHANGE_AFTER_OWN_ENTRY,
    /// A leader changes the voters again before the last change is flushed on a majority.
    ONE_CHANGE_AT_A_TIME
}
