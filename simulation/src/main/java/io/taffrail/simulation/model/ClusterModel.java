package io.taffrail.simulation.model;

import io.taffrail.replication.protocol.Message;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The states of a cluster and what may happen in them.
///
/// A state is a few numbers, because everything in it is kept once: replicas, messages and histories by
/// what they are equal to. And since a core is a function, a step that some replica has made once, in
/// this state and for this event, is looked up ever after, whatever the rest of the cluster is like.
final class ClusterModel {
    private static final int CRASHES = 0;
    private static final int APPENDED = 1;
    private static final int HISTORY = 2;
    private static final int DAMAGES = 3;
    private static final int CHANGES = 4;
    private static final int FIRST_REPLICA = 5;

    private final int firstVoters;
    private final int nodes;
    private final Bounds bounds;
    private final @Nullable KillSwitch off;

    private final List<Kept> replicas = new ArrayList<>();
    private final Map<Digest.Value, Integer> replicaIds = new HashMap<>();
    private final List<Flight> flights = new ArrayList<>();
    private final Map<Flight, Integer> flightIds = new HashMap<>();
    private final List<History> histories = new ArrayList<>();
    private final Map<History, Integer> historyIds = new HashMap<>();
    private final Map<Long, Stepped> steps = new HashMap<>();
    private final Map<Step, Recorded> records = new HashMap<>();
    private final Set<Long> agreeing = new HashSet<>();

    /// A replica in one of its states, and what the search asks of it often.
    @SuppressWarnings("ArrayRecordComponent") // never compared: the digest is
    private record Kept(
            ModelReplica replica,
            boolean leads,
            boolean admits,
            boolean flushes,
            boolean writes,
            long epoch,
            long followedSession,
            Map<Integer, ModelReplica.Counted> sessions,
            boolean[] greets) {}

    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Stepped(int replica, int[] sent, List<Observation> observed) {}

    private record Step(int history, int replica, int action) {}

    private record Recorded(int history, @Nullable String violation) {}

    /// @param violation what is wrong with `state`; null: nothing
    @SuppressWarnings("ArrayRecordComponent") // never compared: `VisitedStates` looks at the numbers
    record Successor(int action, int[] state, @Nullable String violation) {}

    /// Nodes below `firstVoters` vote from the beginning, the others learn.
    ClusterModel(int firstVoters, int nodes, Bounds bounds, @Nullable KillSwitch off) {
        this.firstVoters = firstVoters;
        this.nodes = nodes;
        this.bounds = bounds;
        this.off = off;
        keep(History.EMPTY);
    }

    /// Nobody has ever led.
    int[] fresh() {
        var state = new int[FIRST_REPLICA + nodes];
        for (var node = 0; node < nodes; node++) {
            state[FIRST_REPLICA + node] = keep(new ModelReplica(node, firstVoters, nodes, bounds, off));
        }
        return state;
    }

    /// Node 0 leads epoch 1, everyone is in sync with it and nothing is under way; with `fromMemory`
    /// everyone knows already that memory is acknowledged. Every first leader looks like this, so the
    /// search need not find the way.
    int[] led() {
        var state = advance(fresh(), Action.STAND.with(0));
        state = settle(state);
        if (bounds.fromMemory()) {
            state = settle(advance(state, Action.APPEND.with(0)));
        }
        state[APPENDED] = 0;
        return state;
    }

    /// As [#led], and then the first learner has become a voter and everyone knows.
    int[] enlarged() {
        var state = settle(advance(led(), changed(0, firstVoters)));
        state[CHANGES] = 0;
        return state;
    }

    /// How two changes of one voter part a cluster, half way: node 0 removes the last node in its own log only, and
    /// that node was elected by the others and has told node 0.
    int[] divided() {
        var last = nodes - 1;
        var state = advance(advance(enlarged(), changed(0, last)), Action.STAND.with(last));
        for (var node = 1; node < last; node++) {
            state = deliver(deliver(state, last, node, Message.Prepare.class), node, last, Message.Promise.class);
        }
        state = deliver(state, last, 0, Message.Prepare.class);
        state[CHANGES] = 0;
        return state;
    }

    private int changed(int leader, int voter) {
        return Action.CHANGE.with(leader * nodes + voter);
    }

    /// Figure 8 of the Raft paper half way: node 0 leads epoch 1 with a record that nobody else has,
    /// node 1 was elected by node 2 for epoch 2, which begins in its own log only.
    int[] overtaken() {
        var state = advance(advance(led(), Action.APPEND.with(0)), Action.STAND.with(1));
        return deliver(deliver(state, 1, 2, Message.Prepare.class), 2, 1, Message.Promise.class);
    }

    private int[] deliver(int[] state, int from, int to, Class<? extends Message> type) {
        for (var i = FIRST_REPLICA + nodes; i < state.length; i++) {
            var flight = flights.get(state[i]);
            if (flight.from() == from && flight.to() == to && type.isInstance(flight.message())) {
                return advance(state, Action.DELIVER.with(state[i]));
            }
        }
        throw new IllegalStateException("no %s from %s to %s is under way".formatted(type, from, to));
    }

    /// Until nothing is under way; heartbeats only where nothing else helps, or they would never end.
    private int[] settle(int[] start) {
        var state = start;
        for (var next = quieter(state); next != null; next = quieter(state)) {
            state = next;
        }
        return state;
    }

    private int @Nullable [] quieter(int[] state) {
        for (var kind : List.of(Action.DELIVER, Action.WRITE_META, Action.FLUSH, Action.TICK, Action.GREET)) {
            for (var action : actions(state)) {
                if (Action.of(action) == kind) {
                    var next = advance(state, action);
                    if (!Arrays.equals(next, state)) {
                        return next;
                    }
                }
            }
        }
        return null;
    }

    private int[] advance(int[] state, int action) {
        var next = apply(state, action);
        if (next == null || next.violation() != null) {
            throw new IllegalStateException("the way to the first state is broken: " + next);
        }
        return next.state();
    }

    // What may happen

    int[] actions(int[] state) {
        var actions = new int[flightsIn(state) + nodes * (7 + 2 * nodes)];
        var count = 0;
        for (var i = FIRST_REPLICA + nodes; i < state.length; i++) {
            actions[count++] = Action.DELIVER.with(state[i]);
        }
        for (var node = 0; node < nodes; node++) {
            var replica = replica(state, node);
            if (replica.flushes()) {
                actions[count++] = Action.FLUSH.with(node);
            }
            if (replica.writes()) {
                actions[count++] = Action.WRITE_META.with(node);
            }
            if (replica.leads()) {
                actions[count++] = Action.TICK.with(node);
                for (var other = 0; other < nodes; other++) {
                    if (replica.greets()[other]) {
                        actions[count++] = Action.GREET.with(node * nodes + other);
                    }
                    if (other != node && state[CHANGES] < bounds.changes()) {
                        actions[count++] = changed(node, other);
                    }
                }
            } else {
                actions[count++] = Action.STAND.with(node);
            }
            if (replica.admits() && state[APPENDED] < bounds.records()) {
                actions[count++] = Action.APPEND.with(node);
            }
            if (state[CRASHES] < bounds.crashes()) {
                actions[count++] = Action.CRASH.with(node);
            }
            if (state[DAMAGES] < bounds.damages()) {
                actions[count++] = Action.DAMAGE.with(node);
            }
        }
        return Arrays.copyOf(actions, count);
    }

    /// A leader, those that do not follow it yet.
    private boolean[] greets(ModelReplica replica) {
        var greets = new boolean[nodes];
        for (var follower : replica.core.view(0).followers()) {
            greets[follower.nodeId()] = !follower.inSession();
        }
        return greets;
    }

    /// Null: it leads beyond the bounds, or the core refuses.
    @Nullable
    Successor apply(int[] state, int action) {
        var argument = Action.argument(action);
        var next = new Draft(state);
        switch (Action.of(action)) {
            case DELIVER -> {
                var flight = flights.get(argument);
                next.flights.remove(Integer.valueOf(argument));
                next.step(flight.to(), action);
            }
            case STAND -> {
                next.step(argument, Action.STAND.with(0));
                if (replicas.get(next.state[FIRST_REPLICA + argument]).epoch() > bounds.epochs()) {
                    return null;
                }
            }
            case APPEND -> {
                next.state[APPENDED]++;
                next.step(argument, Action.APPEND.with(next.state[APPENDED]));
            }
            case FLUSH, WRITE_META, TICK ->
                next.step(argument, Action.of(action).with(0));
            case GREET -> next.step(argument / nodes, Action.GREET.with(argument % nodes));
            case CHANGE -> {
                next.state[CHANGES]++;
                next.step(argument / nodes, Action.CHANGE.with(argument % nodes));
                if (next.state[FIRST_REPLICA + argument / nodes] == state[FIRST_REPLICA + argument / nodes]) {
                    return null;
                }
            }
            case CRASH -> {
                next.state[CRASHES]++;
                next.restart(argument, Action.CRASH);
            }
            case DAMAGE -> {
                next.state[DAMAGES]++;
                next.restart(argument, Action.DAMAGE);
            }
        }
        return new Successor(action, next.finish(), next.violation);
    }

    private final class Draft {
        private final int[] state;
        private final ArrayList<Integer> flights = new ArrayList<>();
        private @Nullable String violation;

        Draft(int[] from) {
            state = Arrays.copyOf(from, FIRST_REPLICA + nodes);
            for (var i = FIRST_REPLICA + nodes; i < from.length; i++) {
                flights.add(from[i]);
            }
        }

        void step(int node, int action) {
            if (violation != null) {
                return;
            }
            var before = state[FIRST_REPLICA + node];
            var stepped = steps.computeIfAbsent(
                    ((long) before << 32) | Integer.toUnsignedLong(action), _ -> compute(before, action));
            state[FIRST_REPLICA + node] = stepped.replica();
            for (var flight : stepped.sent()) {
                if (!flights.contains(flight)) {
                    flights.add(flight);
                }
            }
            if (!stepped.observed().isEmpty()) {
                var history = state[HISTORY];
                var recorded =
                        records.computeIfAbsent(new Step(history, before, action), _ -> recorded(history, stepped));
                state[HISTORY] = recorded.history();
                violation = recorded.violation();
            }
        }

        void restart(int node, Action how) {
            // What was under way to it goes with its connections; what it has sent may still arrive.
            flights.removeIf(flight -> ClusterModel.this.flights.get(flight).to() == node);
            step(node, how.with(0));
            for (var other = 0; other < nodes; other++) {
                if (other != node && replicas.get(state[FIRST_REPLICA + other]).leads()) {
                    step(other, Action.GREET.with(node));
                }
            }
        }

        int[] finish() {
            for (var node = 0; node < nodes && violation == null; node++) {
                violation = compare(node);
            }
            flights.removeIf(flight -> isSpent(ClusterModel.this.flights.get(flight)));
            flights.sort(null);
            var all = Arrays.copyOf(state, state.length + flights.size());
            for (var i = 0; i < flights.size(); i++) {
                all[state.length + i] = flights.get(i);
            }
            return all;
        }

        /// Its receiver has promised more and would only refuse. That a refusal deposes is left out:
        /// what it was promised to deposes as well.
        private boolean isSpent(Flight flight) {
            return flight.epoch()
                    < replicas.get(state[FIRST_REPLICA + flight.to()]).epoch();
        }

        private @Nullable String compare(int node) {
            var one = replicas.get(state[FIRST_REPLICA + node]);
            for (var other = 0; other < nodes; other++) {
                var two = replicas.get(state[FIRST_REPLICA + other]);
                if (other > node) {
                    var pair = ((long) state[FIRST_REPLICA + node] << 32) | state[FIRST_REPLICA + other];
                    if (!agreeing.contains(pair)) {
                        var contradiction = one.replica().log.contradicts(two.replica().log);
                        if (contradiction != null) {
                            return contradiction;
                        }
                        agreeing.add(pair);
                    }
                }
                var counted = other == node ? null : one.sessions().get(other);
                if (counted != null
                        && one.epoch() == two.epoch()
                        && counted.session() == two.followedSession()
                        && (counted.receivedLsn() > two.replica().log.end().lsn()
                                || counted.flushedLsn() > two.replica().flushedLsn)) {
                    return "I15: node %s counts %s of node %s, which holds %s, flushed up to %s"
                            .formatted(node, counted, other, two.replica().log, two.replica().flushedLsn);
                }
            }
            return null;
        }
    }

    private Stepped compute(int before, int action) {
        var replica = replicas.get(before).replica().copy();
        var argument = Action.argument(action);
        var durablePromise = replica.durable.promisedEpoch();
        switch (Action.of(action)) {
            case DELIVER -> replica.receive(flights.get(argument));
            case STAND -> replica.stand();
            case APPEND -> replica.append(argument);
            case FLUSH -> replica.flush();
            case WRITE_META -> replica.completeMeta();
            case CRASH -> replica.crash();
            case TICK -> replica.tick();
            case GREET -> replica.greet(argument);
            case DAMAGE -> replica.damage();
            case CHANGE -> replica.changeVoter(argument);
        }
        if (replica.durable.promisedEpoch() < durablePromise && off != KillSwitch.DURABLE_PROMISE) {
            replica.observed.add(new Observation.Broken("I6: node %s promised %s and has promised %s now"
                    .formatted(replica.id, durablePromise, replica.durable.promisedEpoch())));
        }
        var sent = replica.sent.stream().mapToInt(this::keep).toArray();
        var observed = List.copyOf(replica.observed);
        replica.sent.clear();
        replica.observed.clear();
        return new Stepped(keep(replica), sent, observed);
    }

    private Recorded recorded(int history, Stepped stepped) {
        var replica = replicas.get(stepped.replica()).replica();
        var now = new History.Next(histories.get(history), null);
        for (var observation : stepped.observed()) {
            if (now.violation() == null) {
                now = now.history().with(replica, observation, off != KillSwitch.DECLARED_LOSS);
            }
        }
        return new Recorded(keep(now.history()), now.violation());
    }

    // Everything once

    private int keep(ModelReplica replica) {
        return replicaIds.computeIfAbsent(replica.digest(), _ -> {
            replicas.add(new Kept(
                    replica,
                    replica.core.isLeader(),
                    replica.core.admits(0),
                    replica.flushedLsn < replica.log.end().lsn(),
                    replica.isWriting(),
                    replica.core.epoch(),
                    replica.followedSession(),
                    replica.sessions(),
                    greets(replica)));
            return replicas.size() - 1;
        });
    }

    private int keep(Flight flight) {
        return flightIds.computeIfAbsent(flight, _ -> {
            flights.add(flight);
            return flights.size() - 1;
        });
    }

    private int keep(History history) {
        return historyIds.computeIfAbsent(history, _ -> {
            histories.add(history);
            return histories.size() - 1;
        });
    }

    private Kept replica(int[] state, int node) {
        return replicas.get(state[FIRST_REPLICA + node]);
    }

    private int flightsIn(int[] state) {
        return state.length - FIRST_REPLICA - nodes;
    }

    int replicaStates() {
        return replicas.size();
    }

    int coreSteps() {
        return steps.size();
    }

    // Text

    String describe(int action) {
        var argument = Action.argument(action);
        return switch (Action.of(action)) {
            case DELIVER -> "deliver " + flights.get(argument);
            case STAND -> "node %s stands for election".formatted(argument);
            case APPEND -> "a client appends at node %s".formatted(argument);
            case FLUSH -> "node %s flushes".formatted(argument);
            case WRITE_META -> "node %s's hard state becomes durable".formatted(argument);
            case CRASH -> "node %s crashes and starts again".formatted(argument);
            case TICK -> "node %s ticks".formatted(argument);
            case DAMAGE -> "node %s starts again, its log is damaged".formatted(argument);
            case CHANGE -> "node %s changes whether %s votes".formatted(argument / nodes, argument % nodes);
            case GREET -> "node %s sends a heartbeat to %s".formatted(argument / nodes, argument % nodes);
        };
    }

    String describe(int[] state) {
        var text = new StringBuilder();
        for (var node = 0; node < nodes; node++) {
            var kept = replica(state, node);
            var replica = kept.replica();
            var view = replica.core.view(0);
            text.append("    %s/%s %s e%s %s%s flushed %s: %s%n"
                    .formatted(
                            node,
                            replica.incarnation,
                            view.kind(),
                            kept.epoch(),
                            view.integrity(),
                            view.hard().dirty() ? " dirty" : "",
                            replica.flushedLsn,
                            replica.log));
        }
        return text.toString();
    }
}
