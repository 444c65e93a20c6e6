package io.taffrail.simulation.model;

/// 128 bits over a sequence of numbers: at 10^8 states the chance that two different ones meet is below
/// 10^-22.
final class Digest {
    private long first = 0x243F6A8885A308D3L;
    private long second = 0x13198A2E03707344L;

    record Value(long first, long second) {}

    Digest add(long value) {
        first = mix(first + value * 0x9E3779B97F4A7C15L);
        second = mix((second ^ value) * 0xC2B2AE3D27D4EB4FL + first);
        return this;
    }

    Value value() {
        return new Value(first, second);
    }

    /// The finalizer of MurmurHash3.
    private static long mix(long value) {
        var h = value;
        h = (h ^ (h >>> 33)) * 0xFF51AFD7ED558CCDL;
        h = (h ^ (h >>> 33)) * 0xC4CEB9FE1A85EC53L;
        return h ^ (h >>> 33);
    }
}
