package io.taffrail.acceptance;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Ports that a process finds free again when it comes back: none of those that the kernel lends to outgoing
/// connections, of which one may have been given the port while the process was down, and none twice.
final class Ports {
    // Linux lends from 32768 on, others from 49152; ClusterCommandIT takes those from 20000 on.
    private static final int FIRST = 11_000;
    private static final int BEHIND = 20_000;
    private static final int MOST_TRIES = 10_000;
    private static final Set<Integer> GIVEN = ConcurrentHashMap.newKeySet();
    private static final Random RANDOM = new Random();

    private Ports() {}

    static int free(String host) {
        for (var tries = 0; tries < MOST_TRIES; tries++) {
            var port = RANDOM.nextInt(FIRST, BEHIND);
            if (isFree(host, port) && GIVEN.add(port)) {
                return port;
            }
        }
        throw new IllegalStateException("no free port from " + FIRST + " to " + BEHIND + " on " + host);
    }

    static boolean isFree(String host, int port) {
        try (var _ = new ServerSocket(port, 1, InetAddress.getByName(host))) {
            return true;
        } catch (IOException taken) {
            return false;
        }
    }
}
