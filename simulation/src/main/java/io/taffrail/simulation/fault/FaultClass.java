package io.taffrail.simulation.fault;

/// Everything that may go wrong in a run. Each is on or off for a whole run, so that some runs show one alone.
public enum FaultClass {
    PROCESS_CRASH,
    CRASH_AT_EFFECT,
    POWER_LOSS,
    POWER_LOSS_OF_ALL,
    CLEAN_RESTART,
    PAUSE,
    CLOCK_RATE,
    ISOLATION,
    ONE_WAY_LOSS,
    BRIDGE,
    CONNECTION_RESET,
    SLOW_NETWORK,
    LOSSY_NETWORK,
    SLOW_DISK,
    DISK_STALL,
    SYNC_FAILURE,
    WRITE_FAILURE,
    DISK_FULL,
    LEADERSHIP_TRANSFER
}
