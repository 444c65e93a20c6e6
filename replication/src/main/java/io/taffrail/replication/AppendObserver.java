package io.taffrail.replication;

/// What becomes of an append. Called on the replica's loop; hand over and return.
public interface AppendObserver {
    enum Stage {
        /// In the leader's queue, with its offset.
        ACCEPTED,
        /// Flushed on the leader's disk.
        DURABLE,
        /// Flushed on a majority.
        REPLICATED
    }

    /// At most once a stage, in any order with [#ended]; only for commands with `wantsStages`.
    void staged(Stage stage, long baseOffset, int recordCount, long lsnEnd, long epoch);

    /// Exactly once.
    void ended(AppendOutcome outcome);
}
