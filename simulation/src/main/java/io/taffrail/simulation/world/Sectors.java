package io.taffrail.simulation.world;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Sectors by number. One that nothing was written to is not there.
final class Sectors {
    private static final byte[][] NONE = {};
    private static final int FIRST_SECTORS = 16;

    private byte[][] sectors = NONE;

    void set(Sectors other) {
        sectors = other.sectors.clone();
    }

    /// One more than the highest number of a sector that is there, or more.
    int end() {
        return sectors.length;
    }

    byte @Nullable [] get(int number) {
        return number < sectors.length ? sectors[number] : null;
    }

    void put(int number, byte[] bytes) {
        if (number >= sectors.length) {
            sectors = Arrays.copyOf(sectors, Math.max(FIRST_SECTORS, Math.max(number + 1, sectors.length * 2)));
        }
        sectors[number] = bytes;
    }

    /// From `number` on none is there any more.
    void cut(int number) {
        if (number < sectors.length) {
            sectors = Arrays.copyOf(sectors, number);
        }
    }

    void remove(int number) {
        if (number < sectors.length) {
            Arrays.fill(sectors, number, number + 1, null);
        }
    }
}
