package io.taffrail.operator.cluster;

/// An own corner of the loopback network, for tests elsewhere.
public final class LoopbackPrefix {
    private LoopbackPrefix() {}

    public static String next() {
        return new Loopback().prefix();
    }
}
