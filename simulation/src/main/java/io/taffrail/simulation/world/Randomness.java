package io.taffrail.simulation.world;

import java.util.SplittableRandom;

/// Where every random choice of a run comes from. A component asks for a stream of its own by name, so a choice
/// more or less in one of them leaves the others as they were; that is what makes shrinking a failure possible.
public record Randomness(long seed) {
    public SplittableRandom named(String name) {
        var hash = 0xcbf29ce484222325L;
        for (var i = 0; i < name.length(); i++) {
            hash = (hash ^ name.charAt(i)) * 0x100000001b3L;
        }
        return new SplittableRandom(seed * 0x9e3779b97f4a7c15L ^ hash);
    }

    public Randomness child(String name) {
        return new Randomness(named(name).nextLong());
    }
}
