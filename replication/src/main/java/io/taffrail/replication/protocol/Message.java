package io.taffrail.replication.protocol;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;

/// What replicas say to each other. Who speaks, with which storage and incarnation, stands on the envelope
/// ([Event.Received]). Times in a message are its sender's own clock; the other side only gives them back.
public sealed interface Message {
    /// To a replica of no cluster, or of a history that a forced recovery replaced: these are the members.
    ///
    /// @param formerHistories those that `historyId` replaced
    record Invite(UUID clusterId, UUID historyId, List<UUID> formerHistories, LoggedConfiguration configuration)
            implements Message {}

    /// Answer of a replica that belongs to no cluster, to anything.
    record Uninitialized() implements Message {}

    /// Would you promise `epoch`? Changes nothing.
    record PreVote(long epoch, LogPosition end) implements Message {}

    /// @param end of the answering voter's log, as it would testify
    /// @param configuration in force there: whoever adopts that log has to convince the voters that it names
    record PreVoteReply(
            long epoch, boolean granted, long promisedEpoch, LogPosition end, LoggedConfiguration configuration)
            implements Message {}

    /// Promise `epoch` to me: accept nothing lower any more, then say what you hold.
    record Prepare(long epoch) implements Message {}

    /// The promise, and the testimony that was taken after it: all of `end` is flushed.
    record Promise(
            long epoch,
            Integrity integrity,
            LogPosition end,
            List<EpochStart> lineage,
            long quorumReceived,
            long quorumFlushed,
            LoggedConfiguration configuration,
            int previousLeader)
            implements Message {}

    /// No: an epoch of at least `promisedEpoch` was promised to another. Answer to anything that is too old.
    record Stale(long epoch, long promisedEpoch) implements Message {}

    /// To a replica whose storage was heard with a later incarnation before: its volume is an older copy, unless this
    /// is for a process that is gone.
    record Outdated(UUID storageId, long incarnation) implements Message {}

    /// A follower has verified its log up to `lsn` and found `chainCrc` there: compare.
    record Compare(long epoch, long session, long lsn, int chainCrc) implements Message {}

    /// What the leader's log has there.
    record Compared(long epoch, long session, long lsn, int chainCrc) implements Message {}

    /// A replica's log is damaged between two positions: give what stands there, if your log has both.
    record RangeRequest(LogPosition from, LogPosition to) implements Message {}

    /// Entries that follow `from`, which equals the request's; none: they are not to be had here.
    record Range(LogPosition from, ByteBuffer entries) implements Message {
        @Override
        public String toString() {
            return "Range[from=%s, bytes=%s]".formatted(from, entries.remaining());
        }
    }

    /// A candidate asks the voter that holds most for what follows `from`.
    record Fetch(long epoch, LogPosition from) implements Message {}

    /// @param from equals the request's; the entries follow it
    record Fetched(long epoch, LogPosition from, ByteBuffer entries) implements Message {
        @Override
        public String toString() {
            return "Fetched[epoch=%s, from=%s, bytes=%s]".formatted(epoch, from, entries.remaining());
        }
    }

    /// Stand for election now, without asking first.
    record TimeoutNow(long epoch) implements Message {}

    /// The leader lives. With `session` 0 it does not know where the follower stands.
    record Heartbeat(long epoch, long session, LeaderView view, long sentLsn) implements Message {}

    /// Entries that follow `previous`.
    record Replicate(
            long epoch, long session, LeaderView view, LogPosition previous, boolean flushNow, ByteBuffer entries)
            implements Message {
        @Override
        public String toString() {
            return "Replicate[epoch=%s, session=%s, view=%s, previous=%s, flushNow=%s, bytes=%s]"
                    .formatted(epoch, session, view, previous, flushNow, entries.remaining());
        }
    }

    /// What every message of a leader to a follower carries.
    ///
    /// @param sentNanos by the leader's clock, given back in [Acknowledge]
    /// @param acknowledgesFromMemory some append may be acknowledged before it is flushed, so followers must make
    /// sure that they will know of it after a crash
    record LeaderView(long sentNanos, long quorumReceived, long quorumFlushed, boolean acknowledgesFromMemory) {}

    /// A follower that is in no session says what it holds. `nonce` ties the answer to this very question.
    record Join(long epoch, long nonce, Integrity integrity, long startLsn, LogPosition end, List<EpochStart> lineage)
            implements Message {}

    /// Follow me from `cut`: cut what you have beyond it.
    ///
    /// @param rejoinLsn a follower that has flushed so far holds everything it ever acknowledged
    record Welcome(long epoch, long nonce, long session, LogPosition cut, long rejoinLsn) implements Message {}

    /// To a follower whose log does not meet the leader's any more: begin at `start`, with these files of the streams'
    /// state, and forget what you have. The files are of what a majority has flushed, so they stay true whoever
    /// leads next.
    ///
    /// @param lineage of the log below `start`, and beyond
    record Reseed(
            long epoch,
            long nonce,
            LogPosition start,
            List<EpochStart> lineage,
            LoggedConfiguration configuration,
            List<SeedFile> files)
            implements Message {}

    record SeedFile(String name, long sizeBytes) {}

    record SeedRequest(long epoch, String file, long offset) implements Message {}

    /// Without bytes: the file is gone, another checkpoint has replaced it.
    record SeedChunk(long epoch, String file, long offset, ByteBuffer bytes) implements Message {
        @Override
        public String toString() {
            return "SeedChunk[epoch=%s, file=%s, offset=%s, bytes=%s]"
                    .formatted(epoch, file, offset, bytes.remaining());
        }
    }

    /// @param appendedLsn where the follower's log ends, for flow control only
    /// @param receivedLsn how far it vouches for having received, as asynchronous commit counts it
    record Acknowledge(
            long epoch,
            long session,
            Integrity integrity,
            long appendedLsn,
            long receivedLsn,
            long flushedLsn,
            long echoNanos)
            implements Message {}
}
