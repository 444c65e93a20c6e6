package io.taffrail.replication.protocol;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// A core with a log of positions: the least that stands in for the shell. Appending is immediate, flushing and
/// durability happen when the test says so.
final class CoreNode {
    static final UUID CLUSTER = new UUID(1, 1);
    static final long HEARTBEAT = 100;
    private static final int ENTRY_BYTES = 10;

    record Entry(LogPosition end, Event.@Nullable ControlEntry control) {}

    final int id;
    final ArrayList<Entry> log = new ArrayList<>();
    final ArrayDeque<Effect.Send> outbox = new ArrayDeque<>();
    final ArrayList<Effect.OfferSeed> offered = new ArrayList<>();
    /// Nothing in the log can be read.
    boolean unreadable;
    private HardState hard = HardState.EMPTY;
    private HardState durable = HardState.EMPTY;
    private long version;
    private long incarnation;
    private long flushed;
    ReplicationCore core;
    List<String> trace = new ArrayList<>();

    CoreNode(int id) {
        this.id = id;
        this.core = start(0);
    }

    static Member member(int id) {
        return new Member(id, new UUID(0, id), "peer-" + id, "client-" + id);
    }

    static Configuration configuration(int size) {
        var voters = new ArrayList<Member>();
        for (var i = 0; i < size; i++) {
            voters.add(member(i));
        }
        return new Configuration(1, voters, List.of());
    }

    static ProtocolConfig config() {
        return new ProtocolConfig(HEARTBEAT, 1000, 2000, 500, 5000, false, 300, 5000, 1 << 20, 1000, 500, 1000);
    }

    private ReplicationCore start(long now) {
        incarnation++;
        var end = end();
        hard = durable.withConfigurationsFrom(end.lsn(), List.of());
        flushed = end.lsn();
        return new ReplicationCore(
                new ReplicationCore.Start(id, new UUID(0, id), incarnation, hard, lineage(), 0, end),
                config(),
                this::chainAt,
                new Random(id),
                now);
    }

    private List<EpochStart> lineage() {
        var starts = new ArrayList<EpochStart>();
        for (var entry : log) {
            if (entry.control() instanceof Event.ControlEntry.EpochBegun(EpochStart start, long _)) {
                starts.add(start);
            }
        }
        return starts;
    }

    LogPosition end() {
        return log.isEmpty() ? LogPosition.EMPTY : log.getLast().end();
    }

    private LogView.Chain chainAt(long lsn) {
        if (unreadable) {
            return new LogView.Chain.Unreadable();
        }
        for (var entry : log) {
            if (entry.end().lsn() == lsn) {
                return new LogView.Chain.Known(entry.end().chainCrc());
            }
        }
        return new LogView.Chain.None();
    }

    /// Loses what was not flushed, and what of the hard state was not durable.
    void crash(long now) {
        log.removeIf(entry -> entry.end().lsn() > flushed);
        outbox.clear();
        core = start(now);
    }

    void flush(long now) {
        flushed = end().lsn();
        step(now, new Event.Progress(end().lsn(), flushed));
    }

    void durable(long now) {
        durable = hard;
        step(now, new Event.HardStateDurable(version));
    }

    void append(long now, int entries, boolean fromMemory) {
        for (var i = 0; i < entries; i++) {
            add(core.epoch(), null);
        }
        step(now, new Event.Appended(end(), List.of(), !fromMemory, fromMemory));
        step(now, new Event.Progress(end().lsn(), flushed));
    }

    private Entry add(long epoch, Event.@Nullable ControlEntry control) {
        var before = end();
        var chain = (int) (before.chainCrc() * 31L + epoch * 7 + before.lsn());
        var entry = new Entry(new LogPosition(before.lsn() + ENTRY_BYTES, epoch, chain), control);
        log.add(entry);
        return entry;
    }

    void step(long now, Event event) {
        for (var effect : core.step(now, event)) {
            trace.add("  " + id + " " + Transcript.text(effect));
            perform(now, effect);
        }
    }

    private void perform(long now, Effect effect) {
        switch (effect) {
            case Effect.Send send -> outbox.add(send);
            case Effect.Persist(long newVersion, HardState state) -> {
                version = newVersion;
                hard = state;
            }
            case Effect.AppendEpochBegin(var begin) -> {
                var entry = add(begin.start().epoch(), null);
                log.removeLast();
                var control = new Event.ControlEntry.EpochBegun(
                        begin.start(), entry.end().lsn());
                log.add(new Entry(entry.end(), control));
                step(now, new Event.Appended(end(), List.of(control), false, false));
            }
            case Effect.AppendConfiguration(long epoch, Configuration next) -> {
                var entry = add(epoch, null);
                log.removeLast();
                var control =
                        new Event.ControlEntry.Configured(next, entry.end().lsn());
                log.add(new Entry(entry.end(), control));
                step(now, new Event.Appended(end(), List.of(control), false, false));
            }
            case Effect.AppendEntries(var bytes) -> {
                var control = new ArrayList<Event.ControlEntry>();
                for (var entry : Wire.entries(bytes)) {
                    log.add(entry);
                    if (entry.control() != null) {
                        control.add(entry.control());
                    }
                }
                step(now, new Event.Appended(end(), control, false, false));
                step(now, new Event.Progress(end().lsn(), flushed));
            }
            case Effect.Ship ship -> {
                var entries = after(ship.previous().lsn());
                outbox.add(new Effect.Send(
                        ship.to(),
                        new Message.Replicate(
                                ship.epoch(),
                                ship.session(),
                                ship.view(),
                                ship.previous(),
                                ship.flushNow(),
                                Wire.bytes(entries))));
                step(now, new Event.Shipped(ship.to(), ship.session(), end()));
            }
            case Effect.Serve serve ->
                outbox.add(new Effect.Send(
                        serve.to(),
                        new Message.Fetched(
                                serve.epoch(),
                                serve.from(),
                                Wire.bytes(after(serve.from().lsn())))));
            case Effect.Truncate(long lsn) -> {
                log.removeIf(entry -> entry.end().lsn() > lsn);
                flushed = Math.min(flushed, lsn);
                step(now, new Event.Truncated(end()));
            }
            case Effect.OfferSeed offer -> offered.add(offer);
            case Effect.ServeSeed _, Effect.Seed _, Effect.SeedBytes _, Effect.InstallSeed _ ->
                throw new AssertionError("transcripts trim nothing");
            case Effect.ServeRange _, Effect.RangeBytes _, Effect.ReadChain _ ->
                throw new AssertionError("transcripts scrub nothing");
            case Effect.RequestFlush _,
                    Effect.Advance _,
                    Effect.Open _,
                    Effect.Close _,
                    Effect.StatusChanged _,
                    Effect.Locate _,
                    Effect.Violation _,
                    Effect.RequestDone _ -> {}
            case Effect.Halt(String message) -> throw new AssertionError("node " + id + " halts: " + message);
        }
    }

    private List<Entry> after(long lsn) {
        return log.stream().filter(entry -> entry.end().lsn() > lsn).toList();
    }

    long incarnation() {
        return incarnation;
    }
}
