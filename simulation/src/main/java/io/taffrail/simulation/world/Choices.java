package io.taffrail.simulation.world;

import java.util.random.RandomGenerator;

/// Decides what is left to chance: which sectors a power loss keeps, how much of a write a crash lets through.
/// A random source draws; the enumeration of crash images walks through all of them.
@FunctionalInterface
public interface Choices {
    /// One of `options` (at least 1) possibilities, counted from 0, which is always the one that loses most.
    int pick(int options);

    default boolean keep() {
        return pick(2) == 1;
    }

    static Choices random(RandomGenerator random) {
        return random::nextInt;
    }
}
