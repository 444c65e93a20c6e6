package io.taffrail.simulation.fault;

/// How much may be broken at once, and so what must be kept.
public enum FaultBudget {
    /// At most f voters are down or may have forgotten something at the same time: no cell with a quorum loses
    /// anything.
    WITHIN_PROMISE,
    /// Any number: Sync with a quorum loses nothing, Async with a quorum only what an election declares.
    BEYOND_PROMISE
}
