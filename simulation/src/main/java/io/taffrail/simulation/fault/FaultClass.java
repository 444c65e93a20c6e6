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
    SETTINGS,
    /// All that was counted last is in the memory of the fewest that may be counted; those forget, and the leader is
    /// cut off: whoever is left has to know that something may be missing.
    CORNERED_QUORUM,
    /// A leader is cut off with a tail of its own and comes back to vote when its successor has logged little: its
    /// log is long, and old.
    OLD_LEADER_RETURNS,
    /// A process dies, comes back, and its machine loses power before anything else was flushed.
    POWER_LOSS_AFTER_CRASH,

    // Drawn apart from those above, so that the runs of a seed without any of these stay what they were.

    /// As CORNERED_QUORUM, but the leader is cut off when those that forget have just joined it again, or they shut
    /// down properly before they have.
    FORGETFUL_WITNESS,
    /// As CORNERED_QUORUM, but the volumes lose what was flushed.
    ROTTEN_WITNESS,
    /// As CORNERED_QUORUM, with a learner that was just let in among those that lack what was counted.
    CORNERED_WITH_LEARNER,
    /// A leader is cut off while its disk stalls, until its lease is over.
    LEADER_STALLS_ALONE,
    /// Of five voters, one that is ahead of the others forgets it and joins again.
    VOTER_RETURNS_WITH_LESS,
    /// A voter is away while another joins and becomes the leader.
    MEMBERS_CHANGE_UNSEEN,
    /// A replica dies while it is filled up from its leader.
    CRASH_WHILE_FILLED,
    /// The disk has lost the log's newest flushes, all of them; something else on it tells.
    LOST_TAIL,
    /// Volumes have room for a few segments besides the reserve, or for less than that, for a while.
    LITTLE_ROOM,
    /// Of five voters, one that is ahead of the others forgets it and joins again; what it had said before arrives
    /// then.
    OLD_ACKNOWLEDGEMENTS_ARRIVE,
    /// The disks of all followers stand still: they hear their leader and answer, and it counts nothing of what they
    /// say.
    FOLLOWERS_STALL,
    /// A volume loses the last that a majority has flushed, which nothing tells; its voter elects with one that never
    /// had it, and the one who holds it comes back.
    UNTOLD_LOSS,
    /// A process dies while it opens a log that has lost its end, which something else on the volume tells.
    CRASH_WHILE_OPENING,
    /// A majority of the voters does not come back; a person names the survivors and whose log goes on.
    FORCED_RECOVERY,
    /// A voter comes back with an older copy of its volume.
    OLDER_VOLUME,
    /// Bytes of a segment change that no start looks at, while its process runs. The scrubber is on in such a run.
    OLD_ROT
}
