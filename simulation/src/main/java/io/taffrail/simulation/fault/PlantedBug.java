package io.taffrail.simulation.fault;

import static io.taffrail.simulation.mistake.CodeEdit.alwaysJumps;
import static io.taffrail.simulation.mistake.CodeEdit.answers;
import static io.taffrail.simulation.mistake.CodeEdit.assignmentSkipped;
import static io.taffrail.simulation.mistake.CodeEdit.callAnswers;
import static io.taffrail.simulation.mistake.CodeEdit.callsInstead;
import static io.taffrail.simulation.mistake.CodeEdit.callsMistake;
import static io.taffrail.simulation.mistake.CodeEdit.fieldReads;
import static io.taffrail.simulation.mistake.CodeEdit.neverJumps;
import static io.taffrail.simulation.mistake.CodeEdit.skips;

import io.taffrail.replication.codec.Envelope;
import io.taffrail.replication.codec.FrameCodec;
import io.taffrail.replication.protocol.Integrity;
import io.taffrail.replication.protocol.Message;
import io.taffrail.simulation.mistake.CodeEdit;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.OptionalLong;

/// A mistake that production code could make: the measure of what the simulation can find. Production code has no
/// switch for any of them. Some are made at its ports, where a disk or a frame does what careless code would have
/// done; the others are edits of its bytecode as it is loaded, see [CodeEdit].
public enum PlantedBug {
    NONE("nothing"),

    // At the ports

    LOG_IS_NOT_FLUSHED("the log is written and never flushed") {
        @Override
        public boolean syncLies(String file) {
            return file.endsWith(".segment");
        }
    },
    PROMISES_ARE_NOT_FLUSHED("promises and incarnations are written and never flushed") {
        @Override
        public boolean syncLies(String file) {
            return file.equals("meta");
        }
    },
    DIRECTORIES_ARE_NOT_SYNCED("new files are never made durable in their folder") {
        @Override
        public boolean syncLies(String file) {
            return file.equals(".");
        }
    },
    FAILED_SYNC_IS_RETRIED("a flush that failed is tried again, and believed when it succeeds") {
        @Override
        public boolean retriesFailedSyncs() {
            return true;
        }
    },
    FOLLOWER_ACKNOWLEDGES_BEFORE_THE_FLUSH("a follower says that it has flushed what it has only received") {
        @Override
        Message rewrite(Message message) {
            return message instanceof Message.Acknowledge ack
                    ? new Message.Acknowledge(
                            ack.epoch(),
                            ack.session(),
                            ack.integrity(),
                            ack.appendedLsn(),
                            ack.appendedLsn(),
                            ack.appendedLsn(),
                            ack.echoNanos())
                    : message;
        }
    },
    RECEIVED_IS_MORE_THAN_WAS_APPENDED("a follower counts as one that has received what it has not") {
        @Override
        Message rewrite(Message message) {
            return message instanceof Message.Acknowledge ack
                    ? new Message.Acknowledge(
                            ack.epoch(),
                            ack.session(),
                            ack.integrity(),
                            ack.appendedLsn(),
                            ack.appendedLsn() + 1_000,
                            ack.flushedLsn(),
                            ack.echoNanos())
                    : message;
        }
    },
    AMNESIC_VOTER_TESTIFIES_AS_INTACT("a voter that may have forgotten something testifies as one that has not") {
        @Override
        Message rewrite(Message message) {
            return message instanceof Message.Promise promise && promise.integrity() == Integrity.AMNESIC
                    ? intact(promise)
                    : message;
        }
    },
    SUSPECT_VOTER_TESTIFIES_AS_INTACT(
            "a voter whose log has lost flushed bytes answers candidates as one that has not",
            neverJumps("replication.protocol.ReplicationCore", "preVote", "integrity", 1)) {
        @Override
        boolean rewritesFrames() {
            return true;
        }

        @Override
        Message rewrite(Message message) {
            return message instanceof Message.Promise promise && promise.integrity() == Integrity.SUSPECT
                    ? intact(promise)
                    : message;
        }
    },

    // Elections

    AMNESIA_IS_FORGOTTEN(
            "a replica that crashed with `dirty` set starts as an intact one",
            callAnswers("replication.protocol.ReplicaState", "<init>", "dirty", false)),
    AMNESIA_ENDS_AT_THE_WELCOME(
            "an amnesic replica is intact before it has caught up",
            callAnswers("replication.protocol.FollowerRole", "begin", "rejoinLsn", 0L)),
    DIRTY_IS_NEVER_MARKED(
            "acknowledgements from memory leave no mark on the disk",
            answers("replication.protocol.ReplicaState", "markDirty", null),
            callAnswers("replication.protocol.ReplicaState", "vouchedLsn", "dirty", true)),
    DIRTY_IS_NOT_AWAITED(
            "acknowledgements from memory begin before the mark is durable",
            callAnswers("replication.protocol.ReplicaState", "vouchedLsn", "isDurable", true)),
    AMNESIC_REPLICA_MARKS_ITSELF_CLEAN(
            "a clean shutdown clears `dirty` of a replica that has not caught up",
            neverJumps("replication.protocol.ReplicationCore", "handle", "integrity", 1)),
    LONGEST_LOG_IS_ADOPTED(
            "logs are ordered by length, not by the epoch of the last entry",
            callsMistake("replication.protocol.Tally", "best", "isAheadOf", "isLonger")),
    CANDIDATE_KEEPS_ITS_OWN_LOG(
            "a candidate leads with the log that it has",
            callAnswers("replication.protocol.CandidateRole", "adopt", "equals", true)),
    MINORITY_ELECTS(
            "half of the voters, rounded down, is a majority",
            callAnswers("replication.protocol.Configuration", "majority", "size", 1)),
    PROMISES_ARE_GIVEN_AGAIN(
            "whoever asks is promised the epoch, also one that another was promised",
            alwaysJumps("replication.protocol.ReplicationCore", "prepare", "promisedEpoch", 1)),
    PROMISE_IS_NOT_AWAITED(
            "a promise is said before it is durable", answers("replication.protocol.ReplicaState", "isDurable", true)),
    OLD_EPOCHS_ARE_OBEYED(
            "frames of a leader below the promised epoch are accepted",
            alwaysJumps("replication.protocol.ReplicationCore", "fromLeader", "promisedEpoch", 1)),
    TESTIMONY_BEFORE_THE_FLUSH(
            "a voter testifies to what it has not flushed",
            fieldReads("replication.protocol.Promising", "progress", "flushedLsn", Long.MAX_VALUE),
            fieldReads("replication.protocol.CandidateRole", "progress", "flushedLsn", Long.MAX_VALUE)),
    NO_BARRIER(
            "a leader is open before a majority has flushed what it adopted",
            callAnswers("replication.protocol.LeaderRole", "count", "quorumFlushed", Long.MAX_VALUE, 1)),
    LOSS_IS_NOT_DECLARED(
            "an election that could not know says that nothing is missing",
            fieldReads("replication.protocol.LeaderRole", "enter", "tier", 1)),
    LEARNERS_ELECT(
            "learners are counted in elections",
            callsInstead("replication.protocol.Tally", "verdict", "voters", "members"),
            callsInstead("replication.protocol.Tally", "best", "voters", "members"),
            callsInstead("replication.protocol.CandidateRole", "prepareAgain", "voters", "members"),
            callAnswers("replication.protocol.CandidateRole", "testified", "isVoter", true)),
    STORAGE_ID_IS_THE_NODE(
            "an empty volume is taken for the one that was there before",
            callAnswers("replication.Opening", "previous", "nextLong", 7L)),

    // Counting

    MATCH_IS_KEPT_ACROSS_SESSIONS(
            "what a follower acknowledged before it joined again counts still",
            assignmentSkipped("replication.protocol.FollowerProgress", "join", "receivedLsn"),
            assignmentSkipped("replication.protocol.FollowerProgress", "join", "flushedLsn")),
    OLD_ACKNOWLEDGEMENTS_COUNT(
            "an acknowledgement counts whatever its session and incarnation",
            answers("replication.protocol.FollowerProgress", "accepts", true)),
    SUSPECT_COPIES_COUNT(
            "copies of a follower that has lost flushed bytes count",
            fieldReads(
                    "replication.protocol.FollowerProgress",
                    "copy",
                    "integrity",
                    new CodeEdit.EnumConstant("replication.protocol.Integrity", "INTACT"))),
    LEARNERS_COUNT(
            "copies of learners count",
            callsInstead("replication.protocol.LeaderRole", "otherVoters", "voters", "members")),
    LEADER_ALONE_IS_A_MAJORITY(
            "the largest position counts, not the majority's",
            callsMistake("replication.protocol.CommitTracker", "watermarks", "majority", "largestOf")),
    WATERMARKS_FALL(
            "what a majority had counts less when a follower joins again",
            callsMistake("replication.protocol.LeaderRole", "count", "max", "second")),
    LEVEL_IS_GUESSED(
            "an acknowledgement names the strongest level",
            callAnswers("replication.WaitingLine", "strongest", "position", Long.MAX_VALUE)),
    LEASE_IS_IGNORED(
            "a leader that is cut off goes on to acknowledge",
            callAnswers("replication.protocol.LeaderRole", "hasAuthority", "leaseEndNanos", Long.MAX_VALUE)),
    LAG_GATE_IS_OFF(
            "a leader admits appends however far the majority lags",
            answers("replication.protocol.LeaderRole", "lags", false)),
    WINDOW_GATE_IS_OFF(
            "acknowledgements from memory go on while the disk stalls",
            callAnswers("wal.WindowGate", "update", "oldestUnflushedNanos", Long.MAX_VALUE)),
    WAITERS_OUTLIVE_THEIR_EPOCH(
            "appends go on waiting when their leader is deposed",
            skips("replication.ReplicaLoop", "perform", "loseAll")),
    FLUSH_COUNTS_WHEN_SUBMITTED(
            "a write counts as flushed while it is on its way",
            fieldReads("wal.segment.GroupFlusher", "advance", "done", true)),

    // Reading

    UNCOMMITTED_IS_READ(
            "a follower takes what it has flushed for what a majority has",
            callsMistake("replication.protocol.FollowerRole", "progress", "min", "largest")),

    // Followers' logs

    CUT_BELOW_THE_QUORUM(
            "a follower cuts everything and begins again",
            answers("replication.protocol.ReplicaState", "checkCut", null),
            callAnswers(
                    "replication.protocol.LeaderRole",
                    "join",
                    "cut",
                    new CodeEdit.EnumConstant("replication.protocol.LogPosition", "EMPTY"))),
    CUTS_ARE_NOT_MADE("a diverged tail stays where it is", skips("replication.LogCut", "cut", "truncate")),
    CONFIGURATION_SURVIVES_A_CUT(
            "a configuration stays in force when its entry is cut off",
            answers("replication.protocol.ConfigurationHistory", "truncate", false)),
    CHANGES_OVERLAP(
            "the voters change again before the last change is committed",
            fieldReads("replication.protocol.LeaderRole", "change", "pendingChange", null),
            callAnswers("replication.protocol.LeaderRole", "change", "currentEndLsn", 0L)),

    // The log on disk

    ENTRY_CHECKSUMS_ARE_NOT_CHECKED(
            "an entry is good if it is long enough",
            callsMistake("wal.record.EntryCursor", "accept", "checksum", "storedEntryCrc")),
    SLOT_CHECKSUMS_ARE_NOT_CHECKED(
            "the newest slot counts, damaged or not",
            callsMistake("wal.SlotFile", "read", "checksum", "storedSlotCrc")),
    FRAME_CHECKSUMS_ARE_NOT_CHECKED(
            "a frame is what arrives",
            callsMistake("replication.codec.FrameCodec", "decode", "checksum", "storedFrameCrc")),
    CORRUPTION_IS_A_TORN_TAIL(
            "a log that has lost flushed bytes is cut like one that was torn",
            fieldReads("wal.segment.Recovery", "ending", "witness", null),
            fieldReads("wal.segment.Recovery", "recover", "witness", null),
            fieldReads("wal.segment.Recovery", "recoverEmpty", "witness", null)),
    DURABLE_HINT_IS_IGNORED(
            "nobody remembers how far the log was flushed", callAnswers("replication.Opening", "read", "lsn", 0L, 1)),
    STALE_TAIL_IS_LEFT(
            "what stands behind the log's end is not made zero",
            callsMistake("wal.segment.Recovery", "clear", "zero", "leave")),
    RECOVERED_BYTES_ARE_TAKEN_FOR_FLUSHED(
            "what a dead process left in the page cache is not flushed",
            skips("wal.segment.Recovery", "clear", "force")),
    NEW_SEGMENT_IS_NOT_SYNCED(
            "a new segment is not made durable in its folder", skips("wal.segment.SegmentPreparer", "goOn", "sync")),

    RESERVE_IS_NOT_KEPT(
            "appends are admitted although only the reserve is left",
            answers("wal.segment.DiskReserve", "isFull", false)),

    // Producers, streams, checkpoints

    DUPLICATE_IS_ANSWERED_EARLY(
            "a repeated batch is acknowledged before it reaches its level",
            callsMistake("replication.AppendPath", "repeat", "durability", "weakest")),
    DUPLICATE_HAS_ANOTHER_OFFSET(
            "a repeated batch is told another offset",
            callsMistake("replication.AppendPath", "repeat", "baseOffset", "anotherOffset")),
    SEQUENCES_ARE_NOT_CHECKED(
            "a repeated batch is appended once more", answers("streams.AppendRules", "sequence", null)),
    ZOMBIES_ARE_NOT_FENCED(
            "a producer's older epoch may still append",
            alwaysJumps("streams.AppendRules", "sequence", "producerEpoch", 2)),
    STREAMS_ARE_NOT_ROLLED_BACK(
            "what was cut off the log stays in the streams' state", skips("replication.LogCut", "cut", "truncated")),
    CHECKPOINT_BEFORE_THE_FLUSH(
            "a checkpoint holds what may still be cut",
            callsMistake("replication.Housekeeping", "doWork", "min", "largest")),
    LOG_IS_TRIMMED_TOO_EARLY(
            "the log is trimmed before a checkpoint holds what it said",
            callAnswers("replication.Housekeeping", "tick", "neededLsn", Long.MAX_VALUE)),
    CHECKPOINT_IS_NOT_FLUSHED(
            "a checkpoint gets its name before its bytes are flushed",
            skips("streams.CheckpointFile", "write", "force")),
    INCARNATION_IS_NOT_COUNTED(
            "a process starts with the incarnation of the one before",
            callAnswers("replication.Opening", "read", "incarnation", 5L)),
    EXCHANGED_VOLUME_IS_TAKEN(
            "a volume that belongs to another node is used",
            alwaysJumps("replication.Opening", "previous", "nodeId", 1)),
    FAILED_DISK_GOES_UNNOTICED(
            "a flush that fails is taken for one that worked",
            callAnswers("wal.Wal", "reportFailure", "failure", null),
            fieldReads("wal.segment.GroupFlusher", "advance", "done", true),
            fieldReads("wal.segment.GroupFlusher", "advance", "failure", null),
            fieldReads("wal.segment.GroupFlusher", "hasSlot", "failure", null)),
    OFFSETS_START_OVER(
            "a stream's offsets do not count up", callAnswers("streams.AppendRules", "decide", "nextOffset", 0L)),

    // What makes no progress

    LEADER_IS_SILENT(
            "a leader that has nothing to ship says nothing",
            answers("replication.protocol.LeaderRole", "heartbeat", null)),
    NOBODY_JOINS_AGAIN(
            "a follower that lost its session waits for the next one",
            answers("replication.protocol.FollowerRole", "join", null)),
    FETCHED_IS_DROPPED(
            "a candidate never takes what it fetched", skips("replication.protocol.CandidateRole", "fetched", "emit")),
    NEW_LEADERS_ARE_NOT_LOCATED(
            "a replica that was away knows only the members that there were",
            answers("replication.protocol.ReplicationCore", "locate", null)),
    CHECKPOINT_IS_NO_WITNESS(
            "a log that ends below its checkpoint is cut like one that was torn",
            callsMistake("replication.Opening", "read", "max", "first")),
    SUSPICION_IS_NOT_KEPT(
            "what tells that bytes are missing is deleted before the replica has written that down",
            skips("replication.Opening", "read", "keepSuspect")),
    SEED_IS_NOT_SUSPECT(
            "a replica that is being filled up does not remember that it is",
            skips("replication.protocol.ReplicaState", "seed", "persist"));

    private final String mistake;

    @SuppressWarnings("ImmutableEnumChecker") // List.of of records of strings and constants.
    private final List<CodeEdit> edits;

    PlantedBug(String mistake, CodeEdit... edits) {
        this.mistake = mistake;
        this.edits = List.of(edits);
    }

    /// The first seed that finds it, as of the code that `planted-bugs.txt` was written for; empty: none was found yet.
    public OptionalLong firstSeed() {
        return FirstSeeds.of(this);
    }

    public String mistake() {
        return mistake;
    }

    /// Empty: the bug is made at the ports.
    public List<CodeEdit> edits() {
        return edits;
    }

    /// Whether a flush of the file (`.`: of a folder) does nothing and reports success.
    public boolean syncLies(String file) {
        return false;
    }

    public boolean retriesFailedSyncs() {
        return false;
    }

    /// Whether its mistake, or a part of it, is made in what it says.
    boolean rewritesFrames() {
        return this != NONE && edits.isEmpty();
    }

    Message rewrite(Message message) {
        return message;
    }

    private static Message intact(Message.Promise promise) {
        return new Message.Promise(
                promise.epoch(),
                Integrity.INTACT,
                promise.end(),
                promise.lineage(),
                promise.quorumReceived(),
                promise.quorumFlushed(),
                promise.configuration(),
                promise.previousLeader());
    }

    /// The frame as a replica with the bug would have sent it.
    public ByteBuffer rewrite(ByteBuffer frame) {
        if (!rewritesFrames() || FrameCodec.carriesEntries(frame)) {
            return frame;
        }
        var decoded = FrameCodec.decode(frame.duplicate());
        Envelope envelope = decoded.envelope();
        var rewritten = rewrite(decoded.message());
        return rewritten.equals(decoded.message()) ? frame : FrameCodec.encode(envelope, rewritten);
    }
}
