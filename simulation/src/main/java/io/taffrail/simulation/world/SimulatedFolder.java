package io.taffrail.simulation.world;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A folder's entries: as processes see them, as they are certain to survive power loss, and the changes in
/// between, each of which power loss keeps or forgets by itself.
final class SimulatedFolder implements SimulatedNode {
    private sealed interface Change {
        record Bind(String name, SimulatedNode node) implements Change {}

        record Rename(String from, String to, SimulatedNode node) implements Change {}

        record Unbind(String name, SimulatedNode node) implements Change {}
    }

    private final TreeMap<String, SimulatedNode> entries = new TreeMap<>();
    private final TreeMap<String, SimulatedNode> durable = new TreeMap<>();
    private final List<Change> unsynced = new ArrayList<>();

    SimulatedFolder copy(Map<SimulatedNode, SimulatedNode> copies) {
        var copy = new SimulatedFolder();
        entries.forEach((name, node) -> copy.entries.put(name, copyOf(node, copies)));
        durable.forEach((name, node) -> copy.durable.put(name, copyOf(node, copies)));
        for (var change : unsynced) {
            copy.unsynced.add(
                    switch (change) {
                        case Change.Bind(var name, var node) -> new Change.Bind(name, copyOf(node, copies));
                        case Change.Rename(var from, var to, var node) ->
                            new Change.Rename(from, to, copyOf(node, copies));
                        case Change.Unbind(var name, var node) -> new Change.Unbind(name, copyOf(node, copies));
                    });
        }
        return copy;
    }

    /// What a power loss now is certain to leave of it, and of what it holds.
    SimulatedFolder certain() {
        var certain = new SimulatedFolder();
        durable.forEach((name, node) -> certain.bindDurably(
                name,
                switch (node) {
                    case SimulatedInode inode -> inode.certain();
                    case SimulatedFolder folder -> folder.certain();
                }));
        return certain;
    }

    private static SimulatedNode copyOf(SimulatedNode node, Map<SimulatedNode, SimulatedNode> copies) {
        var known = copies.get(node);
        if (known != null) {
            return known;
        }
        var copy = switch (node) {
            case SimulatedInode inode -> inode.copy();
            case SimulatedFolder folder -> folder.copy(copies);
        };
        copies.put(node, copy);
        return copy;
    }

    Map<String, SimulatedNode> entries() {
        return entries;
    }

    @Nullable
    SimulatedNode get(String name) {
        return entries.get(name);
    }

    int unsyncedChanges() {
        return unsynced.size();
    }

    void bind(String name, SimulatedNode node) {
        entries.put(name, node);
        unsynced.add(new Change.Bind(name, node));
    }

    /// This entry survives power loss; what else was changed does not for that.
    void bindDurably(String name, SimulatedNode node) {
        entries.put(name, node);
        durable.put(name, node);
    }

    void rename(String from, String to, SimulatedNode node) {
        entries.remove(from);
        entries.put(to, node);
        unsynced.add(new Change.Rename(from, to, node));
    }

    void unbind(String name, SimulatedNode node) {
        entries.remove(name);
        unsynced.add(new Change.Unbind(name, node));
    }

    void sync() {
        durable.clear();
        durable.putAll(entries);
        unsynced.clear();
    }

    /// The files below are not touched: the disk goes through those that are still reachable.
    void losePower(Choices choices) {
        for (var change : unsynced) {
            if (!choices.keep()) {
                continue;
            }
            switch (change) {
                case Change.Bind(var name, var node) -> durable.put(name, node);
                case Change.Rename(var from, var to, var node) -> {
                    durable.remove(from, node);
                    durable.put(to, node);
                }
                case Change.Unbind(var name, var node) -> durable.remove(name, node);
            }
        }
        unsynced.clear();
        entries.clear();
        entries.putAll(durable);
    }
}
