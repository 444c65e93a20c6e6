package io.taffrail.simulation.model;

import io.taffrail.replication.protocol.Configuration;
import io.taffrail.replication.protocol.Effect;
import io.taffrail.replication.protocol.Event;
import io.taffrail.replication.protocol.HardState;
import io.taffrail.replication.protocol.LogPosition;
import io.taffrail.replication.protocol.LogView;
import io.taffrail.replication.protocol.LoggedConfiguration;
import io.taffrail.replication.protocol.Member;
import io.taffrail.replication.protocol.Message;
import io.taffrail.replication.protocol.ProtocolConfig;
import io.taffrail.replication.protocol.ReplicationCore;
import io.taffrail.replication.protocol.Standing;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// One production core with the log and the disk that it believes to have. Whoever keeps one copies it
/// before it steps.
///
/// Time stands still: whatever the core would do because time has passed happens as an action of its
/// own.
final class ModelReplica {
    private static final UUID CLUSTER = new UUID(1, 1);
    private static final long NOW = 0;
    private static final RandomGenerator LEAST = () -> 0;

    final int id;
    private final Bounds bounds;
    private final KillSwitch off;
    private final Log view = new Log();

    ReplicationCore core;
    ModelLog log = ModelLog.EMPTY;
    long incarnation = 1;
    long flushedLsn;
    HardState durable;
    long promisedBefore;

    private HardState hard;
    private long version;
    private long durableVersion;
    private Event.Progress told = new Event.Progress(0, 0);

    final List<Flight> sent = new ArrayList<>();
    final List<Observation> observed = new ArrayList<>();

    /// What the core sees of the log of the replica that it belongs to.
    private static final class Log implements LogView {
        private ModelLog log = ModelLog.EMPTY;

        @Override
        public Chain chainAt(long lsn) {
            return log.chainAt(lsn);
        }
    }

    /// Nodes below `voters` vote from the beginning, up to `nodes` they learn.
    ModelReplica(int id, int voters, int nodes, Bounds bounds, @Nullable KillSwitch off) {
        this.id = id;
        this.bounds = bounds;
        this.off = off == null ? KillSwitch.DECLARED_LOSS : off;
        var members = new ArrayList<Member>();
        for (var node = 0; node < nodes; node++) {
            members.add(member(node));
        }
        var first = new LoggedConfiguration(
                0, new Configuration(1, members.subList(0, voters), members.subList(voters, nodes)));
        this.durable = new HardState(CLUSTER, CLUSTER, 0, -1, 0, false, false, List.of(first), Standing.NEW);
        this.hard = durable;
        this.core = newCore();
    }

    private ModelReplica(ModelReplica from) {
        id = from.id;
        bounds = from.bounds;
        off = from.off;
        log = from.log;
        view.log = log;
        incarnation = from.incarnation;
        flushedLsn = from.flushedLsn;
        durable = from.durable;
        promisedBefore = from.promisedBefore;
        hard = from.hard;
        version = from.version;
        durableVersion = from.durableVersion;
        told = from.told;
        core = CoreImage.copy(from.core, view);
    }

    ModelReplica copy() {
        return new ModelReplica(this);
    }

    static UUID storage(int node) {
        return new UUID(0, node);
    }

    static Member member(int node) {
        return new Member(node, storage(node), "", "");
    }

    private ReplicationCore newCore() {
        var config = new ProtocolConfig(
                100, 1000, 2000, 500, 0, bounds.waitsForAmnesic(), 0, 5000, 1 << 20, 1 << 20, 1 << 20, 1000);
        var end = log.end();
        return new ReplicationCore(
                new ReplicationCore.Start(
                        id,
                        storage(id),
                        incarnation,
                        hard.withConfigurationsFrom(0, log.configurations()),
                        log.lineage(),
                        0,
                        end),
                config,
                view,
                LEAST,
                NOW);
    }

    Digest.Value digest() {
        var to = new Digest().add(id).add(incarnation).add(flushedLsn);
        to.add(isWriting() ? 1 : 0).add(off == KillSwitch.ORDER_BY_LAST_ENTRY ? promisedBefore : 0);
        CoreImage.digest(log, to);
        CoreImage.digest(durable, to);
        CoreImage.digest(core, to);
        return to.value();
    }

    // Actions

    void receive(Flight flight) {
        var message = flight.message();
        var fromIncarnation = flight.fromIncarnation();
        if (off == KillSwitch.INCARNATION_OF_ACKNOWLEDGEMENTS && message instanceof Message.Acknowledge ack) {
            var current = sessions().get(flight.from());
            if (current != null) {
                fromIncarnation = current.incarnation();
                message = new Message.Acknowledge(
                        ack.epoch(),
                        current.session(),
                        ack.integrity(),
                        ack.appendedLsn(),
                        ack.receivedLsn(),
                        ack.flushedLsn(),
                        ack.echoNanos());
            }
        }
        if (off == KillSwitch.ORDER_BY_LAST_ENTRY
                && message instanceof Message.Promise promise
                && flight.promisedBefore() < promisedBefore) {
            // It had promised less than the candidate had: in the wrong order the candidate's log is ahead of it.
            message = new Message.Promise(
                    promise.epoch(),
                    promise.integrity(),
                    LogPosition.EMPTY,
                    List.of(),
                    0,
                    0,
                    promise.configuration(),
                    promise.previousLeader());
        }
        handle(new Event.Received(flight.from(), storage(flight.from()), fromIncarnation, message));
    }

    /// Its time has come, and enough others think so too: how a vote before the vote ends.
    void stand() {
        handle(new Event.Received(id, storage(id), incarnation, new Message.TimeoutNow(core.epoch())));
    }

    void append(int number) {
        extend(core.epoch(), number, null, false);
        handle(new Event.Appended(log.end(), List.of(), !bounds.fromMemory(), bounds.fromMemory()));
    }

    void flush() {
        flushedLsn = log.end().lsn();
        settle();
    }

    void completeMeta() {
        writeMeta();
        settle();
    }

    void tick() {
        handle(new Event.Tick(0, 0));
    }

    /// A connection to `node` comes up, or it is time for a heartbeat to it: a leader says the same.
    void greet(int node) {
        handle(new Event.Connected(node, true));
        core.step(NOW, new Event.Connected(node, false));
    }

    /// Asks for `voter` to become one, or to be one no more.
    void changeVoter(int voter) {
        var current = configuration();
        var promote = current.voter(voter) == null;
        var skips = switch (off) {
            case CHANGE_AFTER_OWN_ENTRY -> core.isLeader() && !core.isOpen();
            case ONE_CHANGE_AT_A_TIME -> core.isOpen();
            default -> false;
        };
        if (skips) {
            perform(new Effect.AppendConfiguration(core.epoch(), next(current, voter, promote)));
            settle();
        } else {
            var change = promote ? new Event.Change.PromoteLearner(voter) : new Event.Change.RemoveVoter(voter);
            handle(new Event.ChangeConfiguration(1, current.id(), change));
        }
    }

    private static Configuration next(Configuration current, int voter, boolean promote) {
        var voters = new ArrayList<>(current.voters());
        var learners = new ArrayList<>(current.learners());
        voters.removeIf(member -> member.nodeId() == voter);
        learners.removeIf(member -> member.nodeId() == voter);
        if (promote) {
            voters.add(member(voter));
        }
        return new Configuration(current.id() + 1, voters, learners);
    }

    /// In force here.
    Configuration configuration() {
        var logged = log.configurations();
        return logged.isEmpty()
                ? hard.configurations().getFirst().configuration()
                : logged.getLast().configuration();
    }

    boolean isWriting() {
        return durableVersion < version;
    }

    /// Starts again without the last entry that it had flushed, and a recovery that has noticed.
    void damage() {
        var held = log.cutAt(flushedLsn).entries();
        flushedLsn = held.size() < 2 ? 0 : held.get(held.size() - 2).end().lsn();
        durable = new HardState(
                durable.clusterId(),
                durable.historyId(),
                durable.promisedEpoch(),
                durable.promisedNode(),
                durable.promisedIncarnation(),
                durable.dirty(),
                off != KillSwitch.SUSPECT,
                durable.configurations(),
                durable.standing());
        crash();
    }

    /// Loses what was not flushed and what of the hard state was not durable, and starts again.
    void crash() {
        var reign = core;
        var leads = core.isLeader();
        incarnation++;
        log = log.cutAt(flushedLsn);
        view.log = log;
        hard = durable;
        told = new Event.Progress(flushedLsn, flushedLsn);
        if (off == KillSwitch.NEW_EPOCH_AFTER_RESTART && leads) {
            resume(reign);
            return;
        }
        if (off == KillSwitch.AMNESIA) {
            hard = hard(hard, hard.promisedEpoch(), false);
        }
        if (off == KillSwitch.DURABLE_PROMISE) {
            hard = hard(hard, Math.min(hard.promisedEpoch(), log.end().epoch()), hard.dirty());
        }
        durable = hard;
        version = 0;
        durableVersion = 0;
        core = newCore();
    }

    private static HardState hard(HardState from, long promisedEpoch, boolean dirty) {
        var same = promisedEpoch == from.promisedEpoch();
        return new HardState(
                from.clusterId(),
                from.historyId(),
                promisedEpoch,
                same ? from.promisedNode() : -1,
                same ? from.promisedIncarnation() : 0,
                dirty,
                from.suspect(),
                from.configurations(),
                from.standing());
    }

    /// The wrong rule: the same reign, with the log that is left.
    private void resume(ReplicationCore reign) {
        var state = CoreImage.read(reign, "state");
        if (state == null) {
            throw new IllegalStateException("a core without state");
        }
        CoreImage.write(state, "end", log.end());
        CoreImage.write(state, "reportableLsn", flushedLsn);
        CoreImage.write(state, "incarnation", incarnation);
        core = reign;
        hard = core.hardState();
        durable = hard;
        durableVersion = version;
    }

    // The shell

    private void handle(Event event) {
        step(event);
        settle();
    }

    private void settle() {
        var rounds = 0;
        while (rounds++ == 0 || isBehind()) {
            if (bounds.flushesAtOnce()) {
                flushedLsn = log.end().lsn();
            }
            if (bounds.metaAtOnce() && isWriting()) {
                writeMeta();
            }
            var progress = new Event.Progress(log.end().lsn(), flushedLsn);
            if (!progress.equals(told)) {
                told = progress;
                step(progress);
            }
        }
        if (core.isOpen() && core.hasAuthority(NOW)) {
            var watermarks = core.watermarks();
            observed.add(new Observation.Acknowledged(
                    core.epoch(),
                    log.positionAt(watermarks.quorumReceived()),
                    log.positionAt(watermarks.quorumFlushed())));
        }
    }

    private boolean isBehind() {
        return (bounds.flushesAtOnce() && flushedLsn < log.end().lsn())
                || (bounds.metaAtOnce() && isWriting())
                || !told.equals(new Event.Progress(log.end().lsn(), flushedLsn));
    }

    private void writeMeta() {
        if (hard.promisedEpoch() < durable.promisedEpoch()) {
            broken("I6: promised %s after %s".formatted(hard.promisedEpoch(), durable.promisedEpoch()));
        }
        durable = hard;
        durableVersion = version;
        step(new Event.HardStateDurable(version));
    }

    private void broken(String message) {
        observed.add(new Observation.Broken("node " + id + ": " + message));
    }

    private void step(Event event) {
        var promised = core.epoch();
        for (var effect : core.step(NOW, event)) {
            perform(effect);
        }
        if (core.epoch() > promised) {
            promisedBefore = promised;
        }
    }

    private void perform(Effect effect) {
        switch (effect) {
            case Effect.Send(int to, var message) -> send(to, message);
            case Effect.Persist(long newVersion, var state) -> {
                version = newVersion;
                hard = state;
            }
            case Effect.AppendEpochBegin(var begin) -> {
                // Two reigns of one epoch are told apart by who leads.
                extend(begin.start().epoch(), -1 - id - 16 * begin.incarnation(), begin, begin.possibleLoss());
                observed.add(new Observation.Adopted(begin.start().epoch(), log));
                var control = new Event.ControlEntry.EpochBegun(
                        begin.start(), log.end().lsn());
                step(new Event.Appended(log.end(), List.of(control), false, false));
                if (off == KillSwitch.BARRIER) {
                    var role = CoreImage.read(core, "role");
                    if (role != null) {
                        CoreImage.write(role, "barrierLsn", 0L);
                    }
                }
            }
            case Effect.AppendEntries(var bytes) -> {
                var entries = ModelLog.decode(bytes);
                var control = new ArrayList<Event.ControlEntry>();
                for (var entry : entries) {
                    if (entry.begins() != null) {
                        control.add(new Event.ControlEntry.EpochBegun(
                                entry.begins(), entry.end().lsn()));
                    }
                    if (entry.configures() != null) {
                        control.add(new Event.ControlEntry.Configured(
                                entry.configures(), entry.end().lsn()));
                    }
                }
                log = log.with(entries);
                view.log = log;
                step(new Event.Appended(log.end(), control, false, false));
            }
            case Effect.Ship ship -> {
                var entries = log.after(ship.previous().lsn());
                var frame = entries.subList(0, Math.min(entries.size(), bounds.entriesInFrame()));
                if (!frame.isEmpty()) {
                    send(
                            ship.to(),
                            new Message.Replicate(
                                    ship.epoch(),
                                    ship.session(),
                                    ship.view(),
                                    ship.previous(),
                                    ship.flushNow(),
                                    ModelLog.encode(frame)));
                    step(new Event.Shipped(
                            ship.to(), ship.session(), frame.getLast().end()));
                }
            }
            case Effect.Serve serve ->
                send(
                        serve.to(),
                        new Message.Fetched(
                                serve.epoch(),
                                serve.from(),
                                ModelLog.encode(log.after(serve.from().lsn()))));
            case Effect.Truncate(long lsn) -> {
                log = log.cutAt(lsn);
                view.log = log;
                // The shell flushes everything before it cuts.
                flushedLsn = lsn;
                step(new Event.Truncated(log.end()));
            }
            case Effect.Open(long epoch) -> observed.add(new Observation.Opened(epoch));
            case Effect.Halt(String message) -> broken("halts: " + message);
            case Effect.AppendConfiguration(long epoch, var configuration) -> {
                log = log.append(epoch, configuration);
                view.log = log;
                var control = new Event.ControlEntry.Configured(
                        configuration, log.end().lsn());
                step(new Event.Appended(log.end(), List.of(control), false, false));
            }
            case Effect.Violation(int node, String message) -> broken("node %s: %s".formatted(node, message));
            case Effect.OfferSeed _, Effect.ServeSeed _, Effect.Seed _, Effect.InstallSeed _, Effect.SeedBytes _ ->
                throw new IllegalStateException("no log is trimmed here, so all meet somewhere");
            case Effect.ServeRange _, Effect.RangeBytes _, Effect.ReadChain _ ->
                throw new IllegalStateException("no disk rots here, and nobody scrubs");
            case Effect.RequestFlush _,
                    Effect.Advance _,
                    Effect.Close _,
                    Effect.StatusChanged _,
                    Effect.Locate _,
                    Effect.RequestDone _ -> {}
        }
    }

    private void extend(long epoch, long content, Effect.@Nullable EpochBegin begin, boolean possibleLoss) {
        log = log.append(epoch, content, begin == null ? null : begin.start(), possibleLoss);
        view.log = log;
    }

    private void send(int to, Message message) {
        switch (message) {
            case Message.Invite _ -> {
                // Everyone belongs to the cluster already.
                return;
            }
            case Message.Promise promise -> {
                if (promise.epoch() != durable.promisedEpoch() || to != durable.promisedNode()) {
                    broken("I6: tells of a promise that is not durable: " + promise);
                }
                if (promise.end().lsn() > flushedLsn) {
                    broken("testifies to what is not flushed: " + promise);
                }
            }
            case Message.Acknowledge ack -> {
                if (ack.epoch() != durable.promisedEpoch()) {
                    broken("I8: promised %s and sends %s".formatted(durable.promisedEpoch(), ack));
                }
                if (ack.receivedLsn() > flushedLsn && !durable.dirty()) {
                    broken("vouches for memory that it may forget unknowingly: " + ack);
                }
                if (ack.receivedLsn() > log.end().lsn() || ack.flushedLsn() > flushedLsn) {
                    broken("acknowledges what it does not hold: " + ack);
                }
            }
            default -> {}
        }
        var before = off == KillSwitch.ORDER_BY_LAST_ENTRY ? promisedBefore : 0;
        sent.add(new Flight(id, incarnation, to, message, before));
    }

    // What the search looks at

    /// A follower as its leader counts it.
    record Counted(long session, long incarnation, long receivedLsn, long flushedLsn) {}

    /// Leader only, of those followers that have joined.
    Map<Integer, Counted> sessions() {
        var sessions = new TreeMap<Integer, Counted>();
        if (CoreImage.read(core, "role", "followers") instanceof TreeMap<?, ?> followers) {
            followers.forEach((node, progress) -> {
                var session = number(progress, "session");
                if (session != 0) {
                    sessions.put(
                            (Integer) node,
                            new Counted(
                                    session,
                                    number(progress, "incarnation"),
                                    number(progress, "receivedLsn"),
                                    number(progress, "flushedLsn")));
                }
            });
        }
        return sessions;
    }

    /// 0: follows nobody.
    long followedSession() {
        return core.isLeader() ? 0 : number(core, "role", "session");
    }

    private static long number(Object from, String... path) {
        return CoreImage.read(from, path) instanceof Long value ? value : 0;
    }
}
