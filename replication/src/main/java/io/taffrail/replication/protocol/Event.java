package io.taffrail.replication.protocol;

import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// What happens to a replica.
public sealed interface Event {
    /// Comes several times a heartbeat.
    ///
    /// @param unflushedAgeNanos age of the oldest byte of the log that is not flushed
    /// @param startLsn where the log begins
    record Tick(long unflushedAgeNanos, long startLsn) implements Event {}

    /// Flushes have ended since the last of these; they took so long on average.
    record Flushes(long meanNanos) implements Event {}

    record Received(int from, UUID fromStorage, long fromIncarnation, Message message) implements Event {}

    /// Entries were appended, as an effect asked or, on a leader, for clients.
    ///
    /// @param end of the log now
    /// @param control those among them that the protocol itself reads
    /// @param flushWanted somebody waits for a flush of them
    /// @param acknowledgedFromMemory somebody is to be told before they are flushed
    record Appended(LogPosition end, List<ControlEntry> control, boolean flushWanted, boolean acknowledgedFromMemory)
            implements Event {}

    /// The log's own positions moved.
    record Progress(long reportableLsn, long flushedLsn) implements Event {}

    /// The hard state of this version, or a newer one, survives power loss.
    record HardStateDurable(long version) implements Event {}

    /// The log was cut, as asked, and ends here.
    record Truncated(LogPosition end) implements Event {}

    /// The files that `Seed` asked for are here and flushed.
    record SeedCopied() implements Event {}

    /// What `Seed` and `InstallSeed` asked for has been done: the log is empty and begins at `start`, the streams'
    /// state is that at `stateLsn`. Null: it failed, the log is as it was.
    record Seeded(@Nullable LogPosition start, long stateLsn, Message.@Nullable Reseed offer) implements Event {}

    /// What `Ship` asked for has been sent up to `end`.
    record Shipped(int to, long session, LogPosition end) implements Event {}

    /// What was asked to be shipped is in memory now.
    record ShipReady(int to) implements Event {}

    /// Whether bytes of the log that had been flushed are not what was written. Which ones is the shell's.
    record Damaged(boolean damaged) implements Event {}

    /// A part of this log has been verified, and `chainCrc` found at its end.
    record Verified(long lsn, int chainCrc) implements Event {}

    /// What this log has at `lsn`, where a follower has `theirs`.
    record ChainRead(int follower, long session, long lsn, int theirs, int own) implements Event {}

    record Connected(int nodeId, boolean connected) implements Event {}

    /// From a replica of the same cluster and of another of its histories.
    record ReceivedFromHistory(UUID historyId, int from, Message message) implements Event {}

    record Bootstrap(UUID clusterId, Configuration configuration) implements Event {}

    /// `target` -1: whoever has most.
    record TransferLeadership(long requestId, int target) implements Event {}

    /// Done once this replica is sure that it led when this came.
    record ReadIndex(long requestId) implements Event {}

    record ChangeConfiguration(long requestId, long expectedConfigId, Change change) implements Event {}

    record ForceRecovery(long requestId, ForcedRecovery.Request request) implements Event {}

    sealed interface Change {
        record AddLearner(Member learner) implements Change {}

        record PromoteLearner(int nodeId) implements Change {}

        record RemoveVoter(int nodeId) implements Change {}

        record RemoveLearner(int nodeId) implements Change {}
    }

    /// New ones, see [ProtocolConfig].
    record Limits(long windowBytes, long lagBytes, long lagNanos) implements Event {}

    record StorageFailed(String message) implements Event {}

    /// The replica is to end: no elections any more.
    record Stop() implements Event {}

    /// Everything is flushed and nothing more will be acknowledged: the next incarnation need not doubt.
    record MarkClean() implements Event {}

    /// An entry that is the protocol's own, and the LSN behind it.
    sealed interface ControlEntry {
        long endLsn();

        record EpochBegun(EpochStart start, long endLsn) implements ControlEntry {}

        record Configured(Configuration configuration, long endLsn) implements ControlEntry {}
    }
}
