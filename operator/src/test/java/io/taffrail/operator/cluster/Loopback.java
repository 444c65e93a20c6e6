package io.taffrail.operator.cluster;

import static org.junit.jupiter.api.Assumptions.abort;

import io.taffrail.operator.resource.ClusterNames;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/// An own corner of 127.0.0.0/8 for each test, since all replicas speak on the same port. None is given twice.
final class Loopback {
    private static final List<Integer> PORTS =
            List.of(ClusterNames.CLIENT_PORT, ClusterNames.PEER_PORT, ClusterNames.HTTP_PORT);
    private static final String TAKEN = "replicas in pods listen on the ports " + PORTS
            + ", and a process of this machine has one of them on all addresses";
    private static final int MOST_TRIES = 5;
    private static final Set<String> GIVEN = ConcurrentHashMap.newKeySet();

    private final String prefix;

    Loopback() {
        prefix = Stream.generate(Loopback::any)
                .filter(GIVEN::add)
                .limit(MOST_TRIES)
                .filter(Loopback::isFree)
                .findFirst()
                .orElseGet(() -> {
                    System.out.println("SKIPPED: " + TAKEN);
                    return abort(TAKEN);
                });
    }

    /// Also a process that listens on all addresses takes a port here.
    private static boolean isFree(String prefix) {
        for (var port : PORTS) {
            try (var socket = new ServerSocket()) {
                socket.bind(new InetSocketAddress(prefix + 10, port));
            } catch (IOException taken) {
                return false;
            }
        }
        return true;
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
