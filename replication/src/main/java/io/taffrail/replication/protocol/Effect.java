package io.taffrail.replication.protocol;

import java.nio.ByteBuffer;
import java.util.List;

/// What the shell has to do, in this order. What comes of it comes back as events.
public sealed interface Effect {
    record Send(int to, Message message) implements Effect {}

    /// Send a `Replicate` of the entries from `previous` on, as many as one frame takes, if the connection has
    /// room for it; then [Event.Shipped]. Without room: nothing, and it will be asked again.
    record Ship(int to, long epoch, long session, Message.LeaderView view, LogPosition previous, boolean flushNow)
            implements Effect {}

    /// Send a `Fetched` with as many entries from `from` on as one frame takes.
    record Serve(int to, long epoch, LogPosition from) implements Effect {}

    /// Send a `Range`, or one without entries.
    record ServeRange(int to, Message.RangeRequest request) implements Effect {}

    /// Entries for the range that is being repaired.
    record RangeBytes(int from, Message.Range range) implements Effect {}

    /// Read the chain at `lsn`; then [Event.ChainRead].
    record ReadChain(int follower, long session, long lsn, int chainCrc) implements Effect {}

    /// Offer the follower the files of the streams' state and a log that begins where this one does.
    record OfferSeed(int to, long epoch, long nonce) implements Effect {}

    /// Answer with bytes of a file of the streams' state.
    record ServeSeed(int to, Message.SeedRequest request) implements Effect {}

    /// Fetch the files; then [Event.SeedCopied], or [Event.Seeded] with nothing. What is here stays as it is.
    record Seed(int from, Message.Reseed offer) implements Effect {}

    /// Begin the log anew with the files that were fetched, once all that was to be made durable is; then
    /// [Event.Seeded]. What stands from `divergedLsn` on may be nowhere else, and is set aside.
    record InstallSeed(long divergedLsn) implements Effect {}

    /// Bytes for the seed under way.
    record SeedBytes(int from, Message.SeedChunk chunk) implements Effect {}

    /// Make it durable; then [Event.HardStateDurable].
    record Persist(long version, HardState state) implements Effect {}

    /// Append an EPOCH_BEGIN entry; then [Event.Appended].
    record AppendEpochBegin(EpochBegin entry) implements Effect {}

    /// Append a CONFIG entry; then [Event.Appended].
    record AppendConfiguration(long epoch, Configuration configuration) implements Effect {}

    /// Append entries of another replica's log; then [Event.Appended].
    record AppendEntries(ByteBuffer entries) implements Effect {
        @Override
        public String toString() {
            return "AppendEntries[bytes=%s]".formatted(entries.remaining());
        }
    }

    /// Flush what is there as soon as group commit allows.
    record RequestFlush() implements Effect {}

    /// Forget everything from `lsn` on; then [Event.Truncated].
    record Truncate(long lsn) implements Effect {}

    /// How far the log has got now.
    record Advance(Watermarks watermarks) implements Effect {}

    /// This replica leads `epoch` and may acknowledge.
    record Open(long epoch) implements Effect {}

    /// It does not lead any more: whatever waits is indeterminate.
    record Close(String reason) implements Effect {}

    /// State, leader, members or integrity changed.
    record StatusChanged() implements Effect {}

    /// These are the members now: find them.
    record Locate(List<Member> members) implements Effect {}

    record RequestDone(long requestId, RequestResult result) implements Effect {}

    /// The peer said what cannot be. Nothing of it counts; somebody should look at that replica.
    record Violation(int node, String message) implements Effect {}

    /// An invariant does not hold: stop, nothing is to be truncated or acknowledged.
    record Halt(String message) implements Effect {}

    /// What a new leader declares, the payload of EPOCH_BEGIN.
    ///
    /// @param tier 1, 2 or 3: what the election could know; [#FORCED_TIER]: there was none
    /// @param possibleLoss records of earlier epochs, acknowledged from memory, may be missing
    record EpochBegin(
            EpochStart start,
            int leader,
            long incarnation,
            long configId,
            int tier,
            boolean possibleLoss,
            List<Integer> testified) {
        /// A person decided to go on from this log, see [ForcedRecovery].
        public static final int FORCED_TIER = 4;

        public boolean forced() {
            return tier == FORCED_TIER;
        }
    }

    sealed interface RequestResult {
        record Done(long lsn, long epoch) implements RequestResult {}

        record Refused(Reason reason, String message) implements RequestResult {}

        record Indeterminate(String message) implements RequestResult {}
    }

    enum Reason {
        NOT_LEADER,
        /// No waiting mends it.
        INVALID,
        /// The same may be done once this replica's state is another one, which it becomes by itself.
        NOT_NOW
    }
}
