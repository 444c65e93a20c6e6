package io.taffrail.replication;

import io.taffrail.replication.codec.ControlEntryCodec;
import io.taffrail.replication.codec.Envelope;
import io.taffrail.replication.codec.FrameCodec;
import io.taffrail.replication.codec.LineageCodec;
import io.taffrail.replication.codec.MalformedException;
import io.taffrail.replication.codec.ReplicaMeta;
import io.taffrail.replication.port.EventLoop;
import io.taffrail.replication.port.Network;
import io.taffrail.replication.protocol.Configuration;
import io.taffrail.replication.protocol.Effect;
import io.taffrail.replication.protocol.Event;
import io.taffrail.replication.protocol.Event.ControlEntry;
import io.taffrail.replication.protocol.Integrity;
import io.taffrail.replication.protocol.LogPosition;
import io.taffrail.replication.protocol.LogView;
import io.taffrail.replication.protocol.Member;
import io.taffrail.replication.protocol.Message;
import io.taffrail.replication.protocol.ReplicationCore;
import io.taffrail.replication.protocol.Watermarks;
import io.taffrail.streams.Refusal;
import io.taffrail.streams.StreamStore;
import io.taffrail.wal.Wal;
import io.taffrail.wal.WalConfig;
import io.taffrail.wal.WalException;
import io.taffrail.wal.WalReader;
import io.taffrail.wal.WalStats;
import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.record.EntryType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// The replica on its loop: takes what comes, lets the core decide, performs the effects. It translates and
/// dispatches; what an epoch or a quorum means is the core's.
///
/// A turn: take from the inbox, let the log work, tell the core how far the log got, and it says who may be
/// acknowledged.
final class ReplicaLoop {
    /// A turn takes no more than so many commands, so that heartbeats and flushes get theirs.
    private static final int COMMANDS_A_TURN = 8192;
    /// Core ticks in a heartbeat.
    private static final int TICKS_A_HEARTBEAT = 5;
    /// An append waits for its level no longer than this: a client has given up before.
    private static final long MAX_WAIT_NANOS = 60_000_000_000L;

    private final ReplicaConfig config;
    private final EventLoop loop;
    private final Network network;
    private final ReplicaListener listener;
    private final ReplicaMeta meta;
    private final MetaFile metaFile;
    private final Wal wal;
    private final WalReader reader;
    private final WalSignals signals;
    private final StreamStore store;
    private final LogDirectory streamsFolder;
    private final ReplicationCore core;
    private final AppendPath appends;
    private final CatchUpPace catchUpPace;
    private final FrameShipper shipper;
    private final SeedServing seedServing;
    private final Housekeeping housekeeping;
    private final Scrubbing scrubbing;
    private final LogCut logCut;
    private final BeginningAnew beginningAnew;
    private final RangeServing ranges;
    private final RecentElections elections;
    private final Inbox inbox;
    private final Inbound inbound;
    private final AtomicBoolean turnScheduled = new AtomicBoolean();
    private final ArrayDeque<Event> events = new ArrayDeque<>();
    private final Requests requests = new Requests();
    /// Those that wait until the first configuration is durable.
    private final List<Long> bootstrapRequests = new ArrayList<>();

    private boolean stepping;
    private boolean started;
    private boolean incarnationDurable;
    private boolean statusDirty = true;
    private @Nullable Shutdown shutdown;
    private @Nullable String failure;
    private @Nullable String hindrance;
    private boolean closed;
    private long toldFlushes;
    private long toldFlushNanos;
    private Event.@Nullable Progress toldProgress;
    private @Nullable LogPosition toldEnd;
    private @Nullable String toldSeedRefusal;

    private volatile ReplicaSettings settings;
    private volatile Watermarks watermarks = Watermarks.NONE;
    private volatile ReplicaStatus status;
    private volatile EpochMap epochs;

    ReplicaLoop(
            ReplicaConfig config,
            Opening.Opened opened,
            WalSignals signals,
            Executor background,
            EventLoop loop,
            Network network,
            RandomGenerator random,
            ReplicaListener listener) {
        this.config = config;
        this.loop = loop;
        this.network = network;
        this.listener = listener;
        this.meta = opened.meta();
        this.wal = opened.wal();
        this.reader = wal.newReader();
        this.store = opened.store();
        this.streamsFolder = opened.streamsFolder();
        this.elections = opened.elections();
        this.signals = signals;
        this.settings = config.settings();
        this.inbox = new Inbox(config.inboxBytes());
        this.metaFile = new MetaFile(opened.metaSlot(), opened.lineageFile(), meta, this::storageFailed);
        this.core = new ReplicationCore(
                opened.start(),
                ProtocolSettings.of(config),
                new ReaderView(wal, reader, this::doubt),
                random,
                loop.nanoTime());
        this.appends = new AppendPath(wal, store, core, loop, settings);
        this.catchUpPace = new CatchUpPace(loop.nanoTime());
        this.shipper = new FrameShipper(
                wal,
                reader,
                network,
                config.settings().pendingBytes(),
                () -> new DiskReads(wal, background, loop),
                catchUpPace,
                loop,
                new CatchUps());
        this.seedServing = new SeedServing(
                streamsFolder, () -> new DiskReads(wal, background, loop), catchUpPace, loop, (to, chunk) -> {
                    if (listens()) {
                        send(to, FrameCodec.encode(envelope(), chunk));
                    }
                });
        this.scrubbing = new Scrubbing(
                wal,
                opened.damageFile(),
                opened.knownDamages(),
                background,
                loop,
                network,
                config.scrub(),
                random,
                this::hear,
                this::logDamaged);
        var owner = new OwnLog();
        this.logCut = new LogCut(wal, reader, store, metaFile, scrubbing, elections, owner);
        this.beginningAnew = new BeginningAnew(
                wal,
                store,
                streamsFolder,
                metaFile,
                scrubbing,
                elections,
                network,
                background,
                loop,
                listener::streamsHindered,
                owner);
        this.ranges = new RangeServing(wal, new DiskReads(wal, background, loop), scrubbing::doubt);
        this.housekeeping = new Housekeeping(wal, store, core, metaFile, loop);
        if (!core.lineage().equals(opened.lineageFile().found())) {
            // A process before this one had not come to write it. It is in what was replayed, and would be in nothing
            // once a checkpoint has left that out.
            housekeeping.lineageChanged();
        }
        this.inbound = new Inbound(wal, core, this::hear, this::peerRefused);
        this.epochs = EpochMap.of(core.lineage());
        this.status = buildStatus();
    }

    // Start and end

    /// The incarnation first: a frame of one that a crash makes this replica forget could be taken for a later one's.
    void start() {
        if (started) {
            return;
        }
        started = true;
        var hard = core.hardState();
        metaFile.write(hard, wal.flushedLsn(), 0, _ -> {
            incarnationDurable = true;
            scrubbing.start();
            locate(core.view(loop.nanoTime()).configuration().members());
            tick();
        });
    }

    void shutdown(Runnable done) {
        if (shutdown != null) {
            shutdown.alsoTell(done);
            return;
        }
        shutdown = new Shutdown(done, loop.nanoTime() + 2 * config.electionTimeoutMaxNanos());
        statusDirty = true;
        if (core.isOpen()) {
            request(_ -> {}, id -> new Event.TransferLeadership(id, -1));
        }
        wake();
    }

    /// In this order: hand over, stop, flush, mark clean, close. A replica that fails on the way just ends, and
    /// comes back amnesic.
    private int shutDown(long now) {
        var ending = shutdown;
        if (ending == null || closed) {
            return 0;
        }
        var onlyVoter = core.view(now).configuration().voters().size() <= 1;
        if (ending.mayStop(core.isLeader() && !onlyVoter, now)) {
            refuseAll(Refusal.of(Refusal.Code.SHUTTING_DOWN, "this replica shuts down"));
            post(new Event.Stop());
        }
        if (!ending.isStopped()) {
            return 0;
        }
        if (failure == null && started) {
            if (wal.flushedLsn() < wal.receivedLsn()) {
                wal.requestFlush();
                return 0;
            }
            if (!appends.waiting().isEmpty() && !ending.isOver(now)) {
                return 0;
            }
            if (ending.mayMarkClean()) {
                post(new Event.MarkClean());
            }
            if (metaFile.isWriting()) {
                return 0;
            }
        }
        appends.waiting().loseAll("this replica shuts down");
        requests.loseAll("this replica shuts down");
        closed = true;
        reader.close();
        wal.close();
        store.close();
        metaFile.close();
        var late = metaFile.failure();
        if (failure == null && late != null) {
            // The second copy of what was written last: nobody asks for it any more.
            failure = late;
            listener.storageFailed(late);
        }
        ending.tell();
        return 1;
    }

    // Turns

    /// Any thread.
    boolean offer(InboxItem item) {
        if (!inbox.offer(item)) {
            return false;
        }
        wake();
        return true;
    }

    private void wake() {
        if (!turnScheduled.get() && !turnScheduled.getAndSet(true)) {
            loop.execute(this::doWork);
        }
    }

    int doWork() {
        turnScheduled.set(false);
        if (closed) {
            return 0;
        }
        var now = loop.nanoTime();
        var done = takeInbox(now);
        done += wal.doWork(now);
        tellHindrance();
        var diskFailure = signals.failure() != null ? signals.failure() : metaFile.failure();
        if (diskFailure != null) {
            storageFailed(diskFailure);
        }
        done += failure == null ? logCut.doWork(now) : 0;
        done += failure == null ? beginningAnew.doWork(now) : 0;
        done += listens() ? inbound.takeHeld() : 0;
        done += tellProgress();
        if (!isReplacingLog() && failure == null) {
            housekeeping.doWork();
        }
        if (failure == null && started && !incarnationDurable) {
            return done;
        }
        done += shutDown(now);
        if (inbox.hasRoomAgain()) {
            listener.inboxHasRoom();
        }
        if (statusDirty && !closed) {
            statusDirty = false;
            status = buildStatus();
            listener.statusChanged(status);
        }
        return done;
    }

    long nextWorkNanos() {
        return closed ? Long.MAX_VALUE : wal.nextWorkNanos();
    }

    private int takeInbox(long now) {
        if (inbox.isEmpty() || !incarnationDurable) {
            return 0;
        }
        if (failure != null) {
            refuseAll(Refusal.of(Refusal.Code.STORAGE_FAILED, failure));
            return 1;
        }
        appends.beginTurn(now);
        var taken = 0;
        var stopped = shutdown != null && shutdown.isStopped();
        var over = false;
        for (var item = inbox.peek(); item != null && !over; item = inbox.peek()) {
            if (stopped) {
                item.refuse(Refusal.of(Refusal.Code.SHUTTING_DOWN, "this replica shuts down"));
            } else if (!appends.take(item)) {
                break;
            }
            inbox.remove(item);
            taken++;
            over = taken == COMMANDS_A_TURN || appends.isTurnOver();
        }
        if (appends.appendedInTurn() > 0 || appends.acknowledgedFromMemory()) {
            post(new Event.Appended(appends.end(), List.of(), appends.flushWanted(), appends.acknowledgedFromMemory()));
        }
        if (taken > 0) {
            // Barriers and duplicates may have asked for what is reached already.
            complete(core.watermarks());
        }
        if (over) {
            wake();
        }
        return taken;
    }

    private void refuseAll(Refusal refusal) {
        for (var item = inbox.peek(); item != null; item = inbox.peek()) {
            inbox.remove(item);
            item.refuse(refusal);
        }
    }

    private int tellProgress() {
        var progress = new Event.Progress(wal.reportableLsn(), wal.flushedLsn());
        var end = appends.end();
        if (failure != null || isReplacingLog() || (progress.equals(toldProgress) && end.equals(toldEnd))) {
            return 0;
        }
        toldProgress = progress;
        toldEnd = end;
        post(progress);
        return 1;
    }

    private void tick() {
        if (closed || failure != null) {
            return;
        }
        loop.schedule(config.heartbeatNanos() / TICKS_A_HEARTBEAT, this::tick);
        var now = loop.nanoTime();
        metaFile.tryAgain(now);
        if (!isReplacingLog() && shutdown == null && !scrubbing.isBusy()) {
            // Before the core hears where the log begins: it must not look for what was trimmed since.
            housekeeping.tick(now, settings, scrubbing, this::internal);
        }
        var stats = wal.stats();
        var flushes = stats.flushes() - toldFlushes;
        if (flushes > 0) {
            post(new Event.Flushes((stats.flushNanos() - toldFlushNanos) / flushes));
            toldFlushes = stats.flushes();
            toldFlushNanos = stats.flushNanos();
        }
        if (logCut.isRepairable() && !beginningAnew.isUnderWay() && shutdown == null) {
            scrubbing.tick(now, stats.unflushedAgeNanos(), this::surroundings);
        }
        post(new Event.Tick(stats.unflushedAgeNanos(), wal.startLsn()));
        // Authority may have come back while no watermark moved.
        complete(core.watermarks());
        var waiting = appends.waiting();
        catchUpPace.turn(
                now,
                new CatchUpPace.Appends(
                        waiting.reached(), waiting.reachedAfterNanos(), !waiting.isEmpty(), wal.receivedLsn()),
                !core.isMajorityInSync());
        waiting.expire(now - MAX_WAIT_NANOS, "the level was not reached in time");
        beginningAnew.ask(now);
        statusDirty |= core.isLeader();
        // For a leader the wait for the disk is the time in which to ship; a follower has nobody to ship to.
        wal.mayWaitForDisk(core.isOnlyMember() || !core.isLeader());
        wake();
    }

    private void internal(InboxItem item) {
        inbox.force(item);
    }

    // Events and effects

    /// Steps the core, and then whatever its effects cause, before anything else happens.
    void post(Event event) {
        events.add(event);
        if (stepping || closed) {
            return;
        }
        stepping = true;
        try {
            for (var next = events.poll(); next != null; next = events.poll()) {
                var sound = failure == null;
                var effects = core.step(loop.nanoTime(), next);
                if (changesLineage(next)) {
                    // Before the watermarks let a reader see anything of it.
                    epochs = EpochMap.of(core.lineage());
                }
                for (var effect : effects) {
                    perform(effect);
                    if (sound && failure != null) {
                        // The rest was decided while the disk was believed; what the core decides now comes next.
                        statusDirty = true;
                        break;
                    }
                }
            }
        } finally {
            stepping = false;
        }
    }

    /// What held frames say is dropped if one before them made this replica stop.
    private void hear(Event event) {
        if (!listens()) {
            return;
        }
        post(event);
        wake();
    }

    private static boolean changesLineage(Event event) {
        return switch (event) {
            case Event.Appended appended -> !appended.control().isEmpty();
            case Event.Truncated _, Event.Seeded _ -> true;
            default -> false;
        };
    }

    private void perform(Effect effect) {
        switch (effect) {
            case Effect.Send(int to, var message) -> send(to, FrameCodec.encode(envelope(), message));
            case Effect.Ship ship -> {
                var shipped = shipper.ship(envelope(), ship);
                if (shipped != null) {
                    events.add(shipped);
                }
            }
            case Effect.Serve serve -> shipper.serve(envelope(), serve);
            case Effect.ServeRange(int to, var request) ->
                ranges.serve(
                        request,
                        entries -> send(to, FrameCodec.encode(envelope(), new Message.Range(request.from(), entries))));
            case Effect.RangeBytes(int from, var range) -> scrubbing.take(from, range);
            case Effect.ReadChain(int follower, long session, long lsn, int theirs) ->
                ranges.chainAt(lsn, own -> hear(new Event.ChainRead(follower, session, lsn, theirs, own)));
            case Effect.OfferSeed offered -> offerSeed(offered);
            case Effect.ServeSeed(int to, var request) -> seedServing.asked(to, request);
            case Effect.Seed(int from, var offer) -> {
                var leader = core.view(loop.nanoTime()).configuration().member(from);
                beginningAnew.copy(from, leader == null ? null : leader.storageId(), offer);
            }
            case Effect.InstallSeed(long divergedLsn) -> beginningAnew.install(divergedLsn);
            case Effect.SeedBytes(int _, var chunk) -> beginningAnew.take(chunk);
            case Effect.Persist(long version, var state) ->
                metaFile.write(state, wal.flushedLsn(), version, this::hardStateDurable);
            case Effect.AppendEpochBegin(var entry) -> {
                beginningAnew.forgetCopies();
                appendControl(EntryType.EPOCH_BEGIN, entry.start().epoch(), ControlEntryCodec.encode(entry));
            }
            case Effect.AppendConfiguration(long epoch, var configuration) ->
                appendControl(EntryType.CONFIG, epoch, ControlEntryCodec.encode(configuration));
            case Effect.AppendEntries(ByteBuffer entries) -> appendEntries(entries);
            case Effect.RequestFlush() -> wal.requestFlush();
            case Effect.Truncate(long lsn) -> logCut.begin(lsn);
            case Effect.Advance(Watermarks next) -> advance(next);
            case Effect.Open _ -> wake();
            case Effect.Close(String reason) -> {
                appends.waiting().loseAll(reason);
                wake();
            }
            case Effect.StatusChanged() -> {
                statusDirty = true;
                wake();
            }
            case Effect.Locate(List<Member> members) -> locate(members);
            case Effect.RequestDone(long requestId, var result) -> requests.answer(requestId, result);
            case Effect.Violation(int node, String message) -> inbound.violation(node, message);
            case Effect.Halt(String message) -> halted("halted: " + message);
        }
    }

    private final class CatchUps implements FrameShipper.Ready {
        @Override
        public void shipReady(int to) {
            hear(new Event.ShipReady(to));
        }

        @Override
        public void damaged(long lsn) {
            scrubbing.doubt(lsn);
        }
    }

    /// Who could help with a damaged log.
    private Scrubbing.Surroundings surroundings() {
        var view = core.view(loop.nanoTime());
        var members = new ArrayList<Integer>();
        for (var member : view.configuration().members()) {
            if (member.nodeId() == view.leader() && member.nodeId() != meta.nodeId()) {
                members.addFirst(member.nodeId());
            } else if (member.nodeId() != meta.nodeId()) {
                members.add(member.nodeId());
            }
        }
        return new Scrubbing.Surroundings(core.isLeader(), members, envelope());
    }

    private void tellHindrance() {
        var now = wal.hindrance();
        if (now != null && !now.equals(hindrance)) {
            listener.logHindered(now);
        }
        hindrance = now;
    }

    private void logDamaged(String message) {
        statusDirty = true;
        listener.logDamaged(message);
    }

    /// Somebody read bytes there that cannot be right.
    void doubt(long lsn) {
        scrubbing.doubt(lsn);
    }

    ScrubStatus scrub() {
        return scrubbing.status();
    }

    private Envelope envelope() {
        var hard = core.hardState();
        return new Envelope(meta.nodeId(), meta.storageId(), meta.incarnation(), hard.clusterId(), hard.historyId());
    }

    private void send(int to, ByteBuffer frame) {
        // Also after a failure, when the core says only what needs no disk: it too is said as an incarnation, and one
        // that is forgotten would be another process's.
        if (incarnationDurable) {
            network.send(to, frame);
        }
    }

    private void appendControl(EntryType type, long epoch, ByteBuffer payload) {
        var header = wal.append(type, epoch, payload);
        store.apply(header, payload);
        elections.apply(header, payload);
        var control = Opening.control(header, payload);
        appended(control == null ? List.of() : List.of(control));
    }

    private void appendEntries(ByteBuffer entries) {
        beginningAnew.forgetCopies();
        try {
            wal.appendEncoded(entries);
        } catch (WalException.BadEntry damaged) {
            // The frame's checksum held and an entry's does not: what the peer read was bad. Without these bytes
            // the session ends by itself.
            return;
        }
        var control = new ArrayList<ControlEntry>(0);
        LogReplay.each(entries, (header, payload) -> {
            // After a seed the streams' state is ahead of the log.
            if (header.lsn() >= store.appliedLsn()) {
                store.apply(header, payload);
            }
            elections.apply(header, payload);
            var own = Opening.control(header, payload);
            if (own != null) {
                control.add(own);
            }
        });
        appended(control);
    }

    private void appended(List<ControlEntry> control) {
        events.addFirst(new Event.Appended(appends.end(), control, false, false));
        for (var entry : control) {
            if (entry instanceof ControlEntry.EpochBegun) {
                housekeeping.lineageChanged();
            }
        }
        wake();
    }

    private void advance(Watermarks next) {
        watermarks = next;
        complete(next);
        listener.advanced(next);
    }

    private void complete(Watermarks reached) {
        if (appends.waiting().isEmpty()) {
            return;
        }
        var now = loop.nanoTime();
        if (core.hasAuthority(now)) {
            appends.waiting().advance(reached, now);
        }
    }

    private void locate(List<Member> members) {
        for (var member : members) {
            if (member.nodeId() != meta.nodeId()) {
                network.locate(member.nodeId(), member.peerAddress());
            }
        }
    }

    // Another log

    private void offerSeed(Effect.OfferSeed offered) {
        var start = wal.startLsn();
        var chain = new ReaderView(wal, reader, this::doubt).chainAt(start);
        long epoch = 0;
        for (var epochStart : core.lineage()) {
            epoch = epochStart.startLsn() < start ? epochStart.epoch() : epoch;
        }
        try {
            var files = Seeding.files(streamsFolder, store.newestCheckpointFiles());
            if (chain instanceof LogView.Chain.Known(int startCrc) && !files.isEmpty()) {
                send(
                        offered.to(),
                        FrameCodec.encode(
                                envelope(),
                                new Message.Reseed(
                                        offered.epoch(),
                                        offered.nonce(),
                                        new LogPosition(start, epoch, startCrc),
                                        LineageCodec.newest(core.lineage()),
                                        core.configurationAt(store.newestCheckpointLsn()),
                                        files)));
            }
        } catch (IOException unreadable) {
            // The follower asks again.
            wake();
        } catch (MalformedException tooMuch) {
            var message = "a seed for another replica cannot be offered: " + tooMuch.getMessage();
            if (!message.equals(toldSeedRefusal)) {
                toldSeedRefusal = message;
                listener.streamsHindered(message);
            }
        }
    }

    private boolean isReplacingLog() {
        return logCut.isUnderWay() || beginningAnew.isUnderWay();
    }

    private final class OwnLog implements LogOwner {
        @Override
        public void wake() {
            ReplicaLoop.this.wake();
        }

        @Override
        public void post(Event event) {
            ReplicaLoop.this.post(event);
        }

        @Override
        public Envelope envelope() {
            return ReplicaLoop.this.envelope();
        }

        @Override
        public void logShortened() {
            shipper.cut();
            scrubbing.cut(wal.startLsn(), wal.receivedLsn());
            statusDirty = true;
            advance(core.watermarks().cutTo(wal.receivedLsn()));
        }

        @Override
        public LogPosition logReplaced() {
            metaFile.cutDone();
            housekeeping.lineageChanged();
            toldProgress = null;
            return appends.end();
        }

        @Override
        public boolean isSuspect() {
            return core.view(loop.nanoTime()).integrity() == Integrity.SUSPECT;
        }

        @Override
        public void storageFailed(String message) {
            ReplicaLoop.this.storageFailed(message);
        }
    }

    // Peers

    void receive(int from, ByteBuffer frame) {
        if (listens()) {
            inbound.receive(from, frame);
        }
    }

    private boolean listens() {
        return incarnationDurable && !closed && failure == null;
    }

    private void peerRefused(int node, String message) {
        statusDirty = true;
        listener.peerRefused(node, message);
    }

    // Requests

    void bootstrap(UUID clusterId, Configuration first, Consumer<CommandOutcome> done) {
        var unusable = unusable();
        if (unusable != null) {
            done.accept(unusable);
            return;
        }
        var refusal = bootstrapRefusal(clusterId, first);
        if (refusal != null) {
            done.accept(new CommandOutcome.Refused(refusal));
            return;
        }
        var isMember = core.hardState().clusterId() != null;
        if (isMember && bootstrapRequests.isEmpty()) {
            done.accept(new CommandOutcome.Done(0, core.epoch()));
            return;
        }
        bootstrapRequests.add(requests.add(done));
        if (!isMember) {
            post(new Event.Bootstrap(clusterId, first));
        }
    }

    private @Nullable Refusal bootstrapRefusal(UUID clusterId, Configuration first) {
        var known = core.hardState().clusterId();
        if (known != null && !known.equals(clusterId)) {
            return Refusal.of(
                    Refusal.Code.WRONG_CLUSTER,
                    "this replica belongs to cluster %s, not %s".formatted(known, clusterId));
        }
        var invalid = known == null
                ? MembershipRules.refusalOfFirst(first, meta.nodeId(), meta.storageId())
                : MembershipRules.refusalOfRepeated(configuration(), first);
        return invalid == null ? null : Refusal.of(Refusal.Code.INVALID_ARGUMENT, invalid);
    }

    private Configuration configuration() {
        return core.view(loop.nanoTime()).configuration();
    }

    /// Nothing that is not a member has anything else to make durable.
    private void hardStateDurable(long version) {
        post(new Event.HardStateDurable(version));
        var answered = List.copyOf(bootstrapRequests);
        bootstrapRequests.clear();
        answered.forEach(id -> requests.answer(id, new Effect.RequestResult.Done(0, 0)));
    }

    void applySettings(ReplicaSettings next, Consumer<CommandOutcome> done) {
        if (next.generation() < settings.generation()) {
            done.accept(new CommandOutcome.Refused(Refusal.of(
                    Refusal.Code.INVALID_ARGUMENT,
                    "generation %s is older than %s".formatted(next.generation(), settings.generation()))));
            return;
        }
        var old = config.wal();
        wal.reconfigure(new WalConfig(
                old.segmentBytes(),
                next.writerDelayNanos(),
                next.groupCommitDelayNanos(),
                next.groupCommitSiblings(),
                next.pendingBytes(),
                old.tailCacheBytes(),
                old.reserveBytes(),
                old.fsyncDisabled()));
        settings = next;
        appends.settings(next);
        shipper.pendingBytes(next.pendingBytes());
        post(new Event.Limits(
                ProtocolSettings.windowBytes(next), next.replicationLagBytes(), next.replicationLagNanos()));
        statusDirty = true;
        wake();
        done.accept(new CommandOutcome.Done(wal.receivedLsn(), core.epoch()));
    }

    void request(Consumer<CommandOutcome> done, LongFunction<Event> event) {
        var unusable = unusable();
        if (unusable == null) {
            post(event.apply(requests.add(done)));
        } else {
            done.accept(unusable);
        }
    }

    void changeVoters(long expectedConfigId, Event.Change change, Consumer<CommandOutcome> done) {
        var refusal = MembershipRules.refusalOfChange(configuration(), change);
        if (refusal == null) {
            request(done, id -> new Event.ChangeConfiguration(id, expectedConfigId, change));
        } else {
            done.accept(new CommandOutcome.Refused(Refusal.of(Refusal.Code.INVALID_ARGUMENT, refusal)));
        }
    }

    private CommandOutcome.@Nullable Refused unusable() {
        return failure == null && !closed
                ? null
                : new CommandOutcome.Refused(
                        Refusal.of(Refusal.Code.STORAGE_FAILED, failure == null ? "closed" : failure));
    }

    RecoveryPlan recoveryPlan(List<Integer> survivors) {
        if (failure != null || closed) {
            return new RecoveryPlan.Refused(
                    Refusal.of(Refusal.Code.STORAGE_FAILED, failure == null ? "closed" : failure));
        }
        return RecoveryPlan.of(meta.nodeId(), core.recoveryPlan(loop.nanoTime(), survivors));
    }

    // Failure

    /// No acknowledgement and no promise leaves from here on: what the disk holds is unknown.
    private void storageFailed(String message) {
        if (failure != null || closed) {
            return;
        }
        failure = message;
        post(new Event.StorageFailed(message));
        loseAll(message);
        listener.storageFailed(message);
    }

    /// The core has fallen silent.
    private void halted(String message) {
        if (failure != null || closed) {
            return;
        }
        failure = message;
        loseAll(message);
        listener.halted(message);
    }

    private void loseAll(String message) {
        appends.waiting().loseAll(message);
        requests.loseAll(message);
        statusDirty = true;
        wake();
    }

    // Views

    ReplicaStatus status() {
        return status;
    }

    EpochMap epochs() {
        return epochs;
    }

    ReplicaSettings settings() {
        return settings;
    }

    Watermarks watermarks() {
        return watermarks;
    }

    long startLsn() {
        return wal.startLsn();
    }

    WalStats walStats() {
        return wal.stats();
    }

    StreamStore streams() {
        return store;
    }

    WalReader newReader() {
        return wal.newReader();
    }

    private ReplicaStatus buildStatus() {
        return StatusMapping.status(
                meta,
                core.view(loop.nanoTime()),
                wal.startLsn(),
                watermarks,
                wal.recovery(),
                settings.generation(),
                elections.list(),
                inbound.refusedPeers(),
                failure,
                shutdown != null);
    }
}
