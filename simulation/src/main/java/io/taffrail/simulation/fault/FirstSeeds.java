package io.taffrail.simulation.fault;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/// `planted-bugs.txt`: a bug, the first seed that finds it, and the promise that it breaks there.
final class FirstSeeds {
    private static final String FILE = "planted-bugs.txt";

    private FirstSeeds() {}

    static OptionalLong of(PlantedBug bug) {
        var seed = read().get(bug.name());
        return seed == null ? OptionalLong.empty() : OptionalLong.of(seed);
    }

    private static Map<String, Long> read() {
        var seeds = new TreeMap<String, Long>();
        try (var in = FirstSeeds.class.getResourceAsStream(FILE)) {
            if (in == null) {
                throw new IllegalStateException(FILE + " is missing");
            }
            new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().forEach(line -> {
                var fields = line.split(" ", 3);
                seeds.put(fields[0], Long.parseLong(fields[1]));
            });
        } catch (IOException e) {
            throw new UncheckedIOException(FILE, e);
        }
        return seeds;
    }
}
