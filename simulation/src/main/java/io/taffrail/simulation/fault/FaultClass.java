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
    LEADERSHIP_TRANSFER,
    /// Time goes on while the machine does not: its clock is ahead when it wakes.
    CLOCK_JUMP,
    /// Bytes of the volume change while its process is down.
    BIT_ROT,
    /// A sector that was written and flushed holds what it held before.
    LOST_WRITE,
    /// The node comes back with a new, empty volume; an administrator replaces the voter.
    EMPTY_VOLUME,
    /// Two nodes come back with each other's volume.
    EXCHANGED_VOLUMES,
    /// Voters join and leave, one at a time.
    MEMBERSHIP,
    /// The minimum durability and what a full queue does change while the cluster runs.
    SETTINGS
}
