package io.taffrail.operator.cluster;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/// An own corner of 127.0.0.0/8 for each test, since all replicas speak on the same port. None is given twice.
final class Loopback {
    private static final Set<String> GIVEN = ConcurrentHashMap.newKeySet();

    private final String prefix;

    Loopback() {
        prefix = Stream.generate(Loopback::any).filter(GIVEN::add).findFirst().orElseThrow();
    }

    /// Another JVM draws, too.
    private static String any() {
        var random = ThreadLocalRandom.current();
        return "127." + random.nextInt(64, 250) + "." + random.nextInt(1, 250) + ".";
    }

    String prefix() {
        return prefix;
    }

    String address(int node) {
        return prefix + (10 + node);
    }
}
