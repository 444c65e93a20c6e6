package io.taffrail.simulation.model;

import java.util.Arrays;

/// Which states were seen, by 128 bits of each, and how each was reached first. Open addressing over
/// plain arrays: 24 bytes a state and the slack.
final class VisitedStates {
    private long[] table = new long[1 << 16];
    private int[] parents = new int[1 << 12];
    private int[] actions = new int[1 << 12];
    private int size;

    /// False: it was there.
    boolean add(int[] state, int parent, int action) {
        var digest = new Digest();
        for (var number : state) {
            digest.add(number);
        }
        var value = digest.value();
        // An empty slot is two zeros; a state whose digest were that would be explored again and again.
        if (!put(table, value.first(), value.second())) {
            return false;
        }
        if (size == parents.length) {
            parents = Arrays.copyOf(parents, 2 * size);
            actions = Arrays.copyOf(actions, 2 * size);
        }
        parents[size] = parent;
        actions[size] = action;
        size++;
        if (size * 4L > table.length) {
            grow();
        }
        return true;
    }

    private static boolean put(long[] table, long first, long second) {
        var mask = table.length / 2 - 1;
        for (var slot = (int) first & mask; ; slot = (slot + 1) & mask) {
            var one = table[2 * slot];
            var two = table[2 * slot + 1];
            if (one == first && two == second) {
                return false;
            }
            if (one == 0 && two == 0) {
                table[2 * slot] = first;
                table[2 * slot + 1] = second;
                return true;
            }
        }
    }

    private void grow() {
        var larger = new long[2 * table.length];
        for (var i = 0; i < table.length; i += 2) {
            if (table[i] != 0 || table[i + 1] != 0) {
                put(larger, table[i], table[i + 1]);
            }
        }
        table = larger;
    }

    int size() {
        return size;
    }

    int parent(int index) {
        return parents[index];
    }

    int action(int index) {
        return actions[index];
    }
}
