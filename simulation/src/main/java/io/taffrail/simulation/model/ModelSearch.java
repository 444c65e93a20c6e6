package io.taffrail.simulation.model;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Breadth-first over every state that a cluster can get into within the bounds, so that the first
/// violation found is one of the shortest.
public final class ModelSearch {
    private static final int VOTERS = 3;

    private final ClusterModel model;
    private final VisitedStates visited = new VisitedStates();
    private final ArrayDeque<int[]> frontier = new ArrayDeque<>();
    private final int[] start;
    private long transitions;

    /// Where a search begins. Every first leader looks alike, so the search need not find the way to it.
    public enum Start {
        /// Node 0 leads epoch 1, all follow, nothing is under way.
        LED,
        /// As [#LED], and then an unshipped record, and an epoch 2 that only its leader's log knows.
        OVERTAKEN,
        /// As [#LED], and a fourth node learns.
        LEARNING,
        /// As [#LEARNING], and then the fourth node has become a voter.
        ENLARGED,
        /// As [#ENLARGED], and then a change of the voters that only its leader's log knows, and an epoch 2 of the node
        /// that it removes.
        DIVIDED;

        private int nodes() {
            return switch (this) {
                case LED, OVERTAKEN -> VOTERS;
                case LEARNING, ENLARGED, DIVIDED -> VOTERS + 1;
            };
        }
    }

    private ModelSearch(Start from, Bounds bounds, @Nullable KillSwitch off) {
        model = new ClusterModel(VOTERS, from.nodes(), bounds, off);
        start = switch (from) {
            case LED, LEARNING -> model.led();
            case OVERTAKEN -> model.overtaken();
            case ENLARGED -> model.enlarged();
            case DIVIDED -> model.divided();
        };
    }

    /// @param exhausted every state within the bounds was seen
    /// @param depth of the state that was expanded last
    /// @param violation null: none
    /// @param trace readable; empty without a violation
    /// @param steps of the trace
    public record Result(
            long states,
            long transitions,
            int depth,
            boolean exhausted,
            int replicaStates,
            int coreSteps,
            double seconds,
            @Nullable String violation,
            int steps,
            String trace) {
        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "%s states%s, %s transitions, depth %s, %s replica states, %s core steps, %.1f s, %.0f states/s",
                    states,
                    exhausted ? " (all)" : "",
                    transitions,
                    depth,
                    replicaStates,
                    coreSteps,
                    seconds,
                    states / Math.max(seconds, 1e-3));
        }
    }

    /// Ends at the first violation or after `maxStates`.
    public static Result run(Start from, Bounds bounds, @Nullable KillSwitch off, long maxStates) {
        return new ModelSearch(from, bounds, off).search(maxStates);
    }

    private Result search(long maxStates) {
        var began = System.nanoTime();
        visited.add(start, -1, 0);
        frontier.add(start);
        var expanded = -1;
        var depthEnd = 1;
        var depth = 0;
        while (!frontier.isEmpty() && visited.size() < maxStates) {
            var state = frontier.remove();
            expanded++;
            if (expanded == depthEnd) {
                depth++;
                depthEnd = visited.size();
            }
            for (var action : model.actions(state)) {
                var next = model.apply(state, action);
                if (next == null) {
                    continue;
                }
                transitions++;
                if (next.violation() != null) {
                    return result(began, depth, next.violation(), pathTo(expanded, action));
                }
                if (visited.add(next.state(), expanded, action)) {
                    frontier.add(next.state());
                }
            }
        }
        return result(began, depth, null, List.of());
    }

    private List<Integer> pathTo(int index, int last) {
        var path = new ArrayDeque<Integer>();
        path.addFirst(last);
        for (var at = index; visited.parent(at) >= 0; at = visited.parent(at)) {
            path.addFirst(visited.action(at));
        }
        return List.copyOf(path);
    }

    private Result result(long began, int depth, @Nullable String violation, List<Integer> path) {
        return new Result(
                visited.size(),
                transitions,
                depth,
                violation == null && frontier.isEmpty(),
                model.replicaStates(),
                model.coreSteps(),
                (System.nanoTime() - began) / 1e9,
                violation,
                path.size(),
                violation == null ? "" : trace(path, violation));
    }

    private String trace(List<Integer> path, String violation) {
        var text = new StringBuilder("from\n").append(model.describe(start));
        var state = start;
        var number = 0;
        for (var action : path) {
            number++;
            text.append(String.format(Locale.ROOT, "%2d  %s%n", number, model.describe(action)));
            var next = model.apply(state, action);
            if (next == null) {
                throw new IllegalStateException("the trace does not repeat");
            }
            if (!Arrays.equals(next.state(), state)) {
                text.append(model.describe(next.state()));
            }
            state = next.state();
        }
        return text.append("    ").append(violation).toString();
    }
}
