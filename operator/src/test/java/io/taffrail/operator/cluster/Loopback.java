package io.taffrail.operator.cluster;

import java.util.concurrent.ThreadLocalRandom;

/// An own corner of 127.0.0.0/8 for each test, since all replicas speak on the same port.
final class Loopback {
    private final String prefix;

    Loopback() {
        var random = ThreadLocalRandom.current();
        prefix = "127." + random.nextInt(64, 250) + "." + random.nextInt(1, 250) + ".";
    }

    String prefix() {
        return prefix;
    }

    String address(int node) {
        return prefix + (10 + node);
    }
}
