package io.taffrail.acceptance;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// A network namespace for each replica, a wire for each pair of them and one from here to each, so that a wire loses
/// packets in one direction while its ends stay up: nobody is told. Needs root.
final class Namespaces implements AutoCloseable {
    /// No packet is so small.
    private static final String EVERYTHING = "20b";
    /// What carries an acknowledgement or a heartbeat, and no more.
    private static final String LARGE_PACKETS = "400b";

    private final String prefix = "tf" + ProcessHandle.current().pid() % 100_000 + "x";
    private final int subnet = 200 + (int) (ProcessHandle.current().pid() % 50);
    private final int size;
    private final List<String> made = new ArrayList<>();

    Namespaces(int size) throws IOException, InterruptedException {
        this.size = size;
        try {
            for (var id = 0; id < size; id++) {
                join(id);
            }
            for (var one = 0; one < size; one++) {
                for (var other = one + 1; other < size; other++) {
                    wire(one, other);
                }
            }
            // Not every kernel loses packets in this way.
            lose(0, 1);
            heal();
        } catch (IOException refused) {
            close();
            throw refused;
        }
    }

    String address(int id) {
        return "10." + subnet + ".0." + (id + 1);
    }

    String[] launcher(int id) {
        return new String[] {"ip", "netns", "exec", name(id)};
    }

    private String name(int id) {
        return prefix + id;
    }

    /// The replica's address and the wire from here to it.
    private void join(int id) throws IOException, InterruptedException {
        ip("netns", "add", name(id));
        made.add(name(id));
        var here = prefix + "c" + id;
        var own = "10." + subnet + ".1." + (id + 1);
        ip("link", "add", here, "type", "veth", "peer", "name", "uplink", "netns", name(id));
        ip("addr", "add", own + "/32", "dev", here);
        ip("link", "set", here, "up");
        within(id, "ip", "addr", "add", address(id) + "/32", "dev", "lo");
        within(id, "ip", "link", "set", "lo", "up");
        within(id, "ip", "link", "set", "uplink", "up");
        within(id, "ip", "route", "add", own + "/32", "dev", "uplink", "src", address(id));
        ip("route", "add", address(id) + "/32", "dev", here, "src", own);
    }

    private void wire(int one, int other) throws IOException, InterruptedException {
        ip(
                "link",
                "add",
                "to" + other,
                "netns",
                name(one),
                "type",
                "veth",
                "peer",
                "name",
                "to" + one,
                "netns",
                name(other));
        end(one, other);
        end(other, one);
    }

    private void end(int here, int there) throws IOException, InterruptedException {
        within(here, "ip", "link", "set", "to" + there, "up");
        within(here, "ip", "route", "add", address(there) + "/32", "dev", "to" + there, "src", address(here));
    }

    /// What `from` sends to `to` is lost.
    void lose(int from, int to) throws IOException, InterruptedException {
        drop(from, to, EVERYTHING);
    }

    void loseLarge(int from, int to) throws IOException, InterruptedException {
        drop(from, to, LARGE_PACKETS);
    }

    /// A bucket that can never hold a packet of that size drops it.
    private void drop(int from, int to, String bucketBytes) throws IOException, InterruptedException {
        within(
                from,
                "tc",
                "qdisc",
                "replace",
                "dev",
                "to" + to,
                "root",
                "tbf",
                "rate",
                "1gbit",
                "burst",
                bucketBytes,
                "latency",
                "50ms");
    }

    void isolate(int id) throws IOException, InterruptedException {
        for (var other = 0; other < size; other++) {
            if (other != id) {
                lose(id, other);
                lose(other, id);
            }
        }
    }

    /// All wires are whole again.
    void heal() throws IOException, InterruptedException {
        for (var one = 0; one < size; one++) {
            for (var other = 0; other < size; other++) {
                if (one != other) {
                    within(one, "tc", "qdisc", "replace", "dev", "to" + other, "root", "pfifo");
                }
            }
        }
    }

    private void within(int id, String... command) throws IOException, InterruptedException {
        var all = new ArrayList<>(List.of(launcher(id)));
        all.addAll(List.of(command));
        SmallDisk.command(all.toArray(String[]::new));
    }

    private static void ip(String... arguments) throws IOException, InterruptedException {
        var all = new ArrayList<>(List.of("ip"));
        all.addAll(List.of(arguments));
        SmallDisk.command(all.toArray(String[]::new));
    }

    /// Takes the wires along.
    @Override
    public void close() {
        for (var name : made) {
            try {
                ip("netns", "del", name);
            } catch (IOException left) {
                System.out.println(left.getMessage());
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
