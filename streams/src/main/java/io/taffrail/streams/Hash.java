package io.taffrail.streams;

import java.nio.ByteBuffer;

/// A 64-bit digest for comparing states; not cryptographic. The constants are splitmix64's (Steele, Lea,
/// Flood 2014).
final class Hash {
    private Hash() {}

    static long mix(long hash, long value) {
        var z = (hash ^ value) + 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /// Of the remaining bytes, whose order is little-endian; the position moves to the end.
    static long mix(long hash, ByteBuffer bytes) {
        var mixed = mix(hash, bytes.remaining());
        while (bytes.remaining() >= 8) {
            mixed = mix(mixed, bytes.getLong());
        }
        while (bytes.hasRemaining()) {
            mixed = mix(mixed, bytes.get());
        }
        return mixed;
    }
}
