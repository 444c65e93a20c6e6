package io.taffrail.streams;

import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// From positive numbers to values without an object per key: linear probing, at most two thirds full.
final class LongMap<V> {
    private long[] keys = new long[4];
    private @Nullable Object[] values = new Object[4];
    private int size;

    int size() {
        return size;
    }

    @SuppressWarnings("unchecked")
    @Nullable
    V get(long key) {
        var slot = slot(key);
        return keys[slot] == key ? (V) values[slot] : null;
    }

    void put(long key, V value) {
        var slot = slot(key);
        if (keys[slot] == 0) {
            if ((size + 1) * 3 > keys.length * 2) {
                grow();
                slot = slot(key);
            }
            keys[slot] = key;
            size++;
        }
        values[slot] = value;
    }

    void remove(long key) {
        var hole = slot(key);
        if (keys[hole] == 0) {
            return;
        }
        size--;
        // Later entries of the same probe sequence move up, so that a search never stops at a hole too early.
        var mask = keys.length - 1;
        for (var next = (hole + 1) & mask; keys[next] != 0; next = (next + 1) & mask) {
            var home = home(keys[next]);
            if (((next - home) & mask) >= ((next - hole) & mask)) {
                keys[hole] = keys[next];
                values[hole] = values[next];
                hole = next;
            }
        }
        keys[hole] = 0;
        values[hole] = null;
    }

    long[] sortedKeys() {
        var sorted = new long[size];
        var at = 0;
        for (var key : keys) {
            if (key != 0) {
                sorted[at++] = key;
            }
        }
        Arrays.sort(sorted);
        return sorted;
    }

    /// In the order of the keys.
    void forEach(Consumer<V> action) {
        for (var key : sortedKeys()) {
            var value = get(key);
            if (value != null) {
                action.accept(value);
            }
        }
    }

    private int home(long key) {
        return (int) ((key * 0x9E3779B97F4A7C15L) >>> 40) & (keys.length - 1);
    }

    private int slot(long key) {
        var mask = keys.length - 1;
        var slot = home(key);
        while (keys[slot] != key && keys[slot] != 0) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private void grow() {
        var oldKeys = keys;
        var oldValues = values;
        keys = new long[oldKeys.length * 2];
        values = new Object[oldKeys.length * 2];
        for (var i = 0; i < oldKeys.length; i++) {
            if (oldKeys[i] != 0) {
                var slot = slot(oldKeys[i]);
                keys[slot] = oldKeys[i];
                values[slot] = oldValues[i];
            }
        }
    }
}
