package io.taffrail.simulation.fault;

import static io.taffrail.simulation.fault.FaultClass.BIT_ROT;
import static io.taffrail.simulation.fault.FaultClass.BRIDGE;
import static io.taffrail.simulation.fault.FaultClass.CONNECTION_RESET;
import static io.taffrail.simulation.fault.FaultClass.CORNERED_QUORUM;
import static io.taffrail.simulation.fault.FaultClass.CORNERED_WITH_LEARNER;
import static io.taffrail.simulation.fault.FaultClass.CRASH_WHILE_FILLED;
import static io.taffrail.simulation.fault.FaultClass.CRASH_WHILE_OPENING;
import static io.taffrail.simulation.fault.FaultClass.DISK_STALL;
import static io.taffrail.simulation.fault.FaultClass.EMPTY_VOLUME;
import static io.taffrail.simulation.fault.FaultClass.EXCHANGED_VOLUMES;
import static io.taffrail.simulation.fault.FaultClass.FOLLOWERS_STALL;
import static io.taffrail.simulation.fault.FaultClass.FORGETFUL_WITNESS;
import static io.taffrail.simulation.fault.FaultClass.ISOLATION;
import static io.taffrail.simulation.fault.FaultClass.LEADERSHIP_TRANSFER;
import static io.taffrail.simulation.fault.FaultClass.LEADER_STALLS_ALONE;
import static io.taffrail.simulation.fault.FaultClass.LITTLE_ROOM;
import static io.taffrail.simulation.fault.FaultClass.LOSSY_NETWORK;
import static io.taffrail.simulation.fault.FaultClass.LOST_TAIL;
import static io.taffrail.simulation.fault.FaultClass.LOST_WRITE;
import static io.taffrail.simulation.fault.FaultClass.MEMBERSHIP;
import static io.taffrail.simulation.fault.FaultClass.MEMBERS_CHANGE_UNSEEN;
import static io.taffrail.simulation.fault.FaultClass.OLD_ACKNOWLEDGEMENTS_ARRIVE;
import static io.taffrail.simulation.fault.FaultClass.OLD_LEADER_RETURNS;
import static io.taffrail.simulation.fault.FaultClass.POWER_LOSS;
import static io.taffrail.simulation.fault.FaultClass.POWER_LOSS_AFTER_CRASH;
import static io.taffrail.simulation.fault.FaultClass.POWER_LOSS_OF_ALL;
import static io.taffrail.simulation.fault.FaultClass.PROCESS_CRASH;
import static io.taffrail.simulation.fault.FaultClass.ROTTEN_WITNESS;
import static io.taffrail.simulation.fault.FaultClass.SLOW_DISK;
import static io.taffrail.simulation.fault.FaultClass.SYNC_FAILURE;
import static io.taffrail.simulation.fault.FaultClass.VOTER_RETURNS_WITH_LESS;
import static io.taffrail.simulation.fault.FaultClass.WRITE_FAILURE;

import io.taffrail.simulation.SimulationOptions;
import java.util.EnumSet;
import java.util.Set;

/// The kinds of faults that a mistake needs in order to do harm. A run that looks for one mistake is drawn from its
/// seed as any other, but has only these, and more of them: in one with all kinds the corner is as deep and comes
/// rarely.
public final class Provocations {
    private Provocations() {}

    /// The run of `seed` that is to find the mistake.
    public static SimulationOptions options(PlantedBug bug, long seed) {
        var drawn = SimulationOptions.of(seed);
        return bug == PlantedBug.NONE ? drawn : drawn.provoked(of(bug));
    }

    static Set<FaultClass> of(PlantedBug bug) {
        return switch (bug) {
            case NONE -> EnumSet.noneOf(FaultClass.class);
            case DUPLICATE_IS_ANSWERED_EARLY,
                    DUPLICATE_HAS_ANOTHER_OFFSET,
                    SEQUENCES_ARE_NOT_CHECKED,
                    ZOMBIES_ARE_NOT_FENCED,
                    OFFSETS_START_OVER,
                    LEVEL_IS_GUESSED,
                    NOBODY_JOINS_AGAIN,
                    LEADER_IS_SILENT -> EnumSet.of(CONNECTION_RESET);
            case AMNESIA_IS_FORGOTTEN,
                    AMNESIC_VOTER_TESTIFIES_AS_INTACT,
                    AMNESIA_ENDS_AT_THE_WELCOME,
                    AMNESIC_REPLICA_MARKS_ITSELF_CLEAN -> EnumSet.of(FORGETFUL_WITNESS);
            case LOSS_IS_NOT_DECLARED -> EnumSet.of(CORNERED_QUORUM, POWER_LOSS_OF_ALL);
            case LONGEST_LOG_IS_ADOPTED,
                    STREAMS_ARE_NOT_ROLLED_BACK,
                    CUTS_ARE_NOT_MADE,
                    CUT_BELOW_THE_QUORUM,
                    FETCHED_IS_DROPPED,
                    CANDIDATE_KEEPS_ITS_OWN_LOG,
                    OLD_EPOCHS_ARE_OBEYED -> EnumSet.of(OLD_LEADER_RETURNS, BRIDGE);
            case CONFIGURATION_SURVIVES_A_CUT, CHANGES_OVERLAP -> EnumSet.of(OLD_LEADER_RETURNS, MEMBERSHIP);
            case CHECKPOINT_BEFORE_THE_FLUSH -> EnumSet.of(POWER_LOSS, SLOW_DISK, FORGETFUL_WITNESS);
            case LEARNERS_COUNT -> EnumSet.of(MEMBERSHIP, ISOLATION, CORNERED_QUORUM);
            case LEARNERS_ELECT -> EnumSet.of(CORNERED_WITH_LEARNER);
            case NEW_LEADERS_ARE_NOT_LOCATED -> EnumSet.of(MEMBERS_CHANGE_UNSEEN);
            case SEED_IS_NOT_SUSPECT -> EnumSet.of(CRASH_WHILE_FILLED);
            case RESERVE_IS_NOT_KEPT -> EnumSet.of(LITTLE_ROOM);
            case OLD_ACKNOWLEDGEMENTS_COUNT -> EnumSet.of(OLD_ACKNOWLEDGEMENTS_ARRIVE);
            case LAG_GATE_IS_OFF -> EnumSet.of(FOLLOWERS_STALL);
            case STORAGE_ID_IS_THE_NODE -> EnumSet.of(EMPTY_VOLUME);
            case LEASE_IS_IGNORED -> EnumSet.of(LEADER_STALLS_ALONE);
            case WAITERS_OUTLIVE_THEIR_EPOCH, UNCOMMITTED_IS_READ -> EnumSet.of(ISOLATION, BRIDGE);
            case WINDOW_GATE_IS_OFF -> EnumSet.of(SLOW_DISK, DISK_STALL);
            case PROMISES_ARE_GIVEN_AGAIN, MINORITY_ELECTS, NO_BARRIER, LEADER_ALONE_IS_A_MAJORITY ->
                EnumSet.of(ISOLATION, BRIDGE, LEADERSHIP_TRANSFER);
            case TESTIMONY_BEFORE_THE_FLUSH, FLUSH_COUNTS_WHEN_SUBMITTED, PROMISE_IS_NOT_AWAITED ->
                EnumSet.of(SLOW_DISK, LEADERSHIP_TRANSFER, POWER_LOSS);
            case DIRTY_IS_NEVER_MARKED, DIRTY_IS_NOT_AWAITED, INCARNATION_IS_NOT_COUNTED -> EnumSet.of(PROCESS_CRASH);
            case WATERMARKS_FALL -> EnumSet.of(CONNECTION_RESET, LOSSY_NETWORK, ISOLATION, BRIDGE);
            case MATCH_IS_KEPT_ACROSS_SESSIONS, SUSPECT_COPIES_COUNT -> EnumSet.of(VOTER_RETURNS_WITH_LESS);
            case FRAME_CHECKSUMS_ARE_NOT_CHECKED -> EnumSet.of(LOSSY_NETWORK, PROCESS_CRASH, CONNECTION_RESET);
            case SUSPECT_VOTER_TESTIFIES_AS_INTACT -> EnumSet.of(ROTTEN_WITNESS);
            case DURABLE_HINT_IS_IGNORED, CHECKPOINT_IS_NO_WITNESS -> EnumSet.of(LOST_TAIL);
            case SUSPICION_IS_NOT_KEPT -> EnumSet.of(CRASH_WHILE_OPENING);
            case CORRUPTION_IS_A_TORN_TAIL, ENTRY_CHECKSUMS_ARE_NOT_CHECKED -> EnumSet.of(BIT_ROT, LOST_WRITE);
            case SLOT_CHECKSUMS_ARE_NOT_CHECKED -> EnumSet.of(BIT_ROT, POWER_LOSS);
            case EXCHANGED_VOLUME_IS_TAKEN -> EnumSet.of(EXCHANGED_VOLUMES);
            case FAILED_DISK_GOES_UNNOTICED, FAILED_SYNC_IS_RETRIED ->
                EnumSet.of(SYNC_FAILURE, WRITE_FAILURE, POWER_LOSS_AFTER_CRASH);
            case RECOVERED_BYTES_ARE_TAKEN_FOR_FLUSHED -> EnumSet.of(POWER_LOSS_AFTER_CRASH, SLOW_DISK, DISK_STALL);
            case STALE_TAIL_IS_LEFT -> EnumSet.of(POWER_LOSS, DISK_STALL, FORGETFUL_WITNESS);
            case LOG_IS_NOT_FLUSHED,
                    PROMISES_ARE_NOT_FLUSHED,
                    DIRECTORIES_ARE_NOT_SYNCED,
                    NEW_SEGMENT_IS_NOT_SYNCED,
                    CHECKPOINT_IS_NOT_FLUSHED,
                    LOG_IS_TRIMMED_TOO_EARLY,
                    FOLLOWER_ACKNOWLEDGES_BEFORE_THE_FLUSH,
                    RECEIVED_IS_MORE_THAN_WAS_APPENDED -> EnumSet.of(POWER_LOSS, POWER_LOSS_AFTER_CRASH, PROCESS_CRASH);
        };
    }
}
