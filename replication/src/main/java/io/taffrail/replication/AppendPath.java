package io.taffrail.replication;

import io.taffrail.replication.port.EventLoop;
import io.taffrail.replication.protocol.LogPosition;
import io.taffrail.replication.protocol.ReplicationCore;
import io.taffrail.streams.AppendDecision;
import io.taffrail.streams.AppendIntent;
import io.taffrail.streams.CommandDecision;
import io.taffrail.streams.CommitMode;
import io.taffrail.streams.Durability;
import io.taffrail.streams.RecordsPayload;
import io.taffrail.streams.Refusal;
import io.taffrail.streams.ReplicationMode;
import io.taffrail.streams.StreamCommand;
import io.taffrail.streams.StreamStore;
import io.taffrail.wal.Wal;
import io.taffrail.wal.record.EntryType;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/// The leader's way from a command to the log: may it be logged, what does the streams' state say, is there room,
/// append, apply, wait. The core hears once for all that a turn appended.
final class AppendPath {
    private static final Durability LOCAL_FLUSH = new Durability(CommitMode.SYNC, ReplicationMode.ASYNC);

    private final Wal wal;
    private final StreamStore store;
    private final ReplicationCore core;
    private final EventLoop loop;
    private final WaitingLine waiting = new WaitingLine();

    private ReplicaSettings settings;
    private long nowNanos;
    private long wallMillis;
    private long turnStartLsn;
    private boolean leads;
    private boolean admits;
    private long appended;
    private boolean flushWanted;
    private boolean acknowledgedFromMemory;

    AppendPath(Wal wal, StreamStore store, ReplicationCore core, EventLoop loop, ReplicaSettings settings) {
        this.wal = wal;
        this.store = store;
        this.core = core;
        this.loop = loop;
        this.settings = settings;
    }

    void settings(ReplicaSettings newSettings) {
        settings = newSettings;
    }

    WaitingLine waiting() {
        return waiting;
    }

    /// Time is read once for all that a turn handles, and so is the core: it hears of what was appended only at the
    /// turn's end.
    void beginTurn(long now) {
        nowNanos = now;
        wallMillis = loop.wallMillis();
        turnStartLsn = wal.receivedLsn();
        leads = core.isLeader();
        admits = core.admits(now);
        appended = 0;
        flushWanted = false;
        acknowledgedFromMemory = false;
    }

    /// The core counts a majority's lag between turns, so one turn appends only a part of what may lag.
    boolean isTurnOver() {
        return wal.receivedLsn() - turnStartLsn >= settings.replicationLagBytes() / 4;
    }

    long appendedInTurn() {
        return appended;
    }

    boolean flushWanted() {
        return flushWanted;
    }

    boolean acknowledgedFromMemory() {
        return acknowledgedFromMemory;
    }

    LogPosition end() {
        return new LogPosition(wal.receivedLsn(), wal.lastEpoch(), wal.chainCrc());
    }

    /// False: there is no room yet; ask again with the same item.
    boolean take(InboxItem item) {
        if (!leads) {
            item.refuse(notLeader());
            return true;
        }
        if (!admits) {
            if (item instanceof AppendCommand append
                    && settings.rejectWhenFull()
                    && decide(append) instanceof AppendDecision.Duplicate duplicate) {
                repeat(append, duplicate);
                return true;
            }
            return reject(
                    item, "the leader admits nothing at the moment: it opens, hands over, or waits for followers");
        }
        return switch (item) {
            case AppendCommand append -> append(append);
            case InboxItem.Command command -> execute(command);
            case InboxItem.Flush flush -> flush(flush);
        };
    }

    private Refusal notLeader() {
        var leader = core.leader();
        return Refusal.of(
                Refusal.Code.NOT_LEADER,
                leader < 0 ? "this replica does not lead; no leader is known" : "node %s leads".formatted(leader));
    }

    private boolean reject(InboxItem item, String message) {
        if (!settings.rejectWhenFull()) {
            return false;
        }
        item.refuse(Refusal.of(Refusal.Code.QUEUE_FULL, message));
        return true;
    }

    // Appends

    /// What the state says comes first: a batch that is in the log already needs no room, and no refusal may deny it.
    private boolean append(AppendCommand command) {
        switch (decide(command)) {
            case AppendDecision.Refused(Refusal refusal) -> command.refuse(refusal);
            case AppendDecision.Duplicate duplicate -> repeat(command, duplicate);
            case AppendDecision.Accepted accepted -> {
                return append(command, accepted);
            }
        }
        return true;
    }

    private AppendDecision decide(AppendCommand command) {
        return store.decide(
                new AppendIntent(
                        command.stream(),
                        command.commitMode(),
                        command.replicationMode(),
                        command.producerId(),
                        command.producerEpoch(),
                        command.sequence(),
                        command.expectedOffset(),
                        command.fencingToken(),
                        command.recordCount(),
                        command.records().remaining(),
                        command.recordsCrc(),
                        wallMillis),
                settings.streams());
    }

    private void repeat(AppendCommand command, AppendDecision.Duplicate duplicate) {
        wanted(duplicate.durability());
        wait(
                duplicate.durability(),
                new AppendWaiter(
                        core,
                        command,
                        duplicate.durability(),
                        duplicate.baseOffset(),
                        duplicate.recordCount(),
                        duplicate.lsnStart(),
                        duplicate.lsnEnd(),
                        duplicate.epoch(),
                        true));
    }

    private boolean append(AppendCommand command, AppendDecision.Accepted accepted) {
        var recordsBytes = command.records().remaining();
        var admission = wal.admit(RecordsPayload.PREFIX_BYTES + recordsBytes);
        switch (admission) {
            case ADMITTED -> {}
            case QUEUE_FULL -> {
                return reject(command, "%s bytes wait for the disk, the limit".formatted(settings.pendingBytes()));
            }
            case DISK_FULL, NO_SEGMENT -> {
                command.refuse(noRoom(admission));
                return true;
            }
            case TOO_LARGE -> {
                command.refuse(Refusal.of(
                        Refusal.Code.TOO_LARGE, "a batch of %s bytes of records is too large".formatted(recordsBytes)));
                return true;
            }
            case FAILED -> {
                command.refuse(Refusal.of(Refusal.Code.STORAGE_FAILED, "the log cannot be written any more"));
                return true;
            }
        }
        if (command.minCopies() > core.inSyncCount()) {
            command.refuse(Refusal.of(
                    Refusal.Code.TOO_FEW_COPIES,
                    "min_copies %s: %s replicas are in sync".formatted(command.minCopies(), core.inSyncCount())));
            return true;
        }
        var header = wal.append(EntryType.RECORDS, core.epoch(), accepted.prefix(), command.records());
        // The state reads the prefix and no record.
        store.apply(header, accepted.prefix());
        appended++;
        wanted(accepted.durability());
        wait(
                accepted.durability(),
                new AppendWaiter(
                        core,
                        command,
                        accepted.durability(),
                        accepted.baseOffset(),
                        command.recordCount(),
                        header.lsn(),
                        header.endLsn(),
                        header.epoch(),
                        false));
        return true;
    }

    private Refusal noRoom(Wal.Admission why) {
        return why == Wal.Admission.DISK_FULL
                ? Refusal.of(Refusal.Code.DISK_FULL, "the disk has only its reserve left: trim streams or enlarge it")
                : Refusal.of(
                        Refusal.Code.NO_SEGMENT, "the log cannot make its next file: %s".formatted(wal.hindrance()));
    }

    private void wanted(Durability durability) {
        switch (durability.commitMode()) {
            case SYNC -> {
                flushWanted = true;
                wal.requestFlush();
            }
            case ASYNC -> acknowledgedFromMemory = true;
        }
    }

    private void wait(Durability durability, AppendWaiter waiter) {
        if (waiter.command.wantsStages()) {
            waiter.staged(AppendObserver.Stage.ACCEPTED);
            waiting.add(LOCAL_FLUSH, new StageWaiter(waiter, AppendObserver.Stage.DURABLE), nowNanos);
            waiting.add(Durability.SAFEST_DEFAULT, new StageWaiter(waiter, AppendObserver.Stage.REPLICATED), nowNanos);
        }
        waiting.add(durability, waiter, nowNanos);
    }

    private static final class AppendWaiter implements WaitingLine.Waiter {
        private final ReplicationCore core;
        private final AppendCommand command;
        private final Durability asked;
        private final long baseOffset;
        private final int recordCount;
        private final long startLsn;
        private final long endLsn;
        private final long epoch;
        private final boolean duplicate;

        AppendWaiter(
                ReplicationCore core,
                AppendCommand command,
                Durability asked,
                long baseOffset,
                int recordCount,
                long startLsn,
                long endLsn,
                long epoch,
                boolean duplicate) {
            this.core = core;
            this.command = command;
            this.asked = asked;
            this.baseOffset = baseOffset;
            this.recordCount = recordCount;
            this.startLsn = startLsn;
            this.endLsn = endLsn;
            this.epoch = epoch;
            this.duplicate = duplicate;
        }

        @Override
        public long endLsn() {
            return endLsn;
        }

        @Override
        public boolean reached(Durability level) {
            var received = core.copies(endLsn, false);
            var flushed = core.copies(endLsn, true);
            if ((asked.commitMode() == CommitMode.SYNC ? flushed : received) < command.minCopies()) {
                return false;
            }
            command.observer()
                    .ended(new AppendOutcome.Acknowledged(
                            baseOffset, recordCount, startLsn, endLsn, epoch, level, received, flushed, duplicate));
            return true;
        }

        @Override
        public void lost(String reason) {
            command.observer().ended(new AppendOutcome.Indeterminate(reason));
        }

        void staged(AppendObserver.Stage stage) {
            command.observer().staged(stage, baseOffset, recordCount, endLsn, epoch);
        }
    }

    private record StageWaiter(AppendWaiter append, AppendObserver.Stage stage) implements WaitingLine.Waiter {
        @Override
        public long endLsn() {
            return append.endLsn();
        }

        @Override
        public boolean reached(Durability level) {
            append.staged(stage);
            return true;
        }

        @Override
        public void lost(String reason) {}
    }

    // Commands

    private boolean execute(InboxItem.Command item) {
        switch (store.decide(item.command(), settings.streams(), wallMillis)) {
            case CommandDecision.Refused(Refusal refusal) -> item.refuse(refusal);
            case CommandDecision.Unchanged _ -> waitForAll(item.done(), Durability.SAFEST_DEFAULT);
            case CommandDecision.Accepted(ByteBuffer payload) -> {
                var admission = wal.admit(payload.remaining());
                switch (admission) {
                    case QUEUE_FULL -> {
                        return reject(item, "%s bytes wait for the disk, the limit".formatted(settings.pendingBytes()));
                    }
                    case FAILED -> {
                        item.refuse(Refusal.of(Refusal.Code.STORAGE_FAILED, "the log cannot be written any more"));
                        return true;
                    }
                    case TOO_LARGE -> {
                        item.refuse(Refusal.of(
                                Refusal.Code.TOO_LARGE, "a command of %s bytes".formatted(payload.remaining())));
                        return true;
                    }
                    case DISK_FULL, NO_SEGMENT -> {
                        if (!freesRoom(item.command())) {
                            item.refuse(noRoom(admission));
                            return true;
                        }
                        if (wal.admitFromReserve(payload.remaining()) != Wal.Admission.ADMITTED) {
                            // To wait would keep everything behind it from being refused.
                            item.refuse(Refusal.of(
                                    Refusal.Code.QUEUE_FULL,
                                    "%s bytes wait for a full disk, the limit".formatted(settings.pendingBytes())));
                            return true;
                        }
                    }
                    case ADMITTED -> {}
                }
                var header = wal.append(EntryType.STREAM_CONTROL, core.epoch(), payload);
                store.apply(header, payload);
                appended++;
                waitForAll(item.done(), Durability.SAFEST_DEFAULT);
            }
        }
        return true;
    }

    /// What a full disk needs is a trim: the reserve is there for it, and whatever else took of it could leave none
    /// for the next one. Retention looks at age and size and at no cursor, so cursors wait as appends do.
    private static boolean freesRoom(StreamCommand command) {
        return switch (command) {
            case StreamCommand.TrimStream _,
                    StreamCommand.DeleteStream _,
                    StreamCommand.DeleteCursor _,
                    StreamCommand.ExpireProducers _ -> true;
            // It may shorten what retention keeps.
            case StreamCommand.UpdateStream _ -> true;
            case StreamCommand.CreateStream _,
                    StreamCommand.FenceStream _,
                    StreamCommand.RegisterProducer _,
                    StreamCommand.CommitCursor _ -> false;
        };
    }

    private boolean flush(InboxItem.Flush item) {
        waitForAll(item.done(), item.durability());
        return true;
    }

    private void waitForAll(Consumer<CommandOutcome> done, Durability durability) {
        wanted(durability);
        waiting.add(durability, new CommandWaiter(done, wal.receivedLsn(), core.epoch()), nowNanos);
    }

    private record CommandWaiter(Consumer<CommandOutcome> done, long endLsn, long epoch) implements WaitingLine.Waiter {
        @Override
        public boolean reached(Durability level) {
            done.accept(new CommandOutcome.Done(endLsn, epoch));
            return true;
        }

        @Override
        public void lost(String reason) {
            done.accept(new CommandOutcome.Indeterminate(reason));
        }
    }
}
