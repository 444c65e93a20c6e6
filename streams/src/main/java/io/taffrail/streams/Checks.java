package io.taffrail.streams;

/// Invariants that stay on in production: a state that contradicts its log must stop the replica, because a
/// stopped replica is repaired and a wrong one is believed.
final class Checks {
    private Checks() {}

    static void check(boolean holds, String rule, long actual, long expected) {
        if (!holds) {
            throw new IllegalStateException(rule + ": " + actual + ", expected " + expected);
        }
    }
}
