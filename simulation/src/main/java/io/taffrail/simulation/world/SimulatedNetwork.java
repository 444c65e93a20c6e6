package io.taffrail.simulation.world;

import io.taffrail.replication.port.Network;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// Everything between the nodes. Each ordered pair has at most one connection at a time, on which frames keep
/// their order; a reset loses a suffix of what was on its way, or lets it arrive long after a newer connection's
/// frames. A blocked direction holds frames back and lets the connection die after a while, as TCP does.
public final class SimulatedNetwork {
    /// What a process hears.
    public interface Endpoint {
        void receive(int fromNodeId, ByteBuffer frame);

        void connected(int nodeId, boolean connected);
    }

    private static final long RECONNECT_MIN_NANOS = 20_000_000;
    private static final long RECONNECT_JITTER_NANOS = 200_000_000;
    private static final long BLOCKED_RESET_MIN_NANOS = 500_000_000;
    private static final long BLOCKED_RESET_JITTER_NANOS = 10_000_000_000L;
    private static final int REPLAY_FRAMES = 8;

    /// Hears what leaves, as it leaves.
    @FunctionalInterface
    public interface Tap {
        void said(int fromNodeId, int toNodeId, ProcessLife life, ByteBuffer frame);
    }

    private record Attached(ProcessLife life, Endpoint endpoint) {}

    private static final class Link {
        final int from;
        final int to;
        LinkQuality quality = LinkQuality.LOCAL;
        boolean blocked;
        long blockedCount;

        @Nullable
        Connection connection;

        List<byte[]> lastFrames = new ArrayList<>();

        Link(int from, int to) {
            this.from = from;
            this.to = to;
        }
    }

    private static final class Connection {
        final ProcessLife sender;
        final ProcessLife receiver;
        final ArrayDeque<byte[]> held = new ArrayDeque<>();
        long lastDeliveryNanos;
        long transmittedNanos;
        boolean reset;
        boolean late;
        long lateNanos;

        Connection(ProcessLife sender, ProcessLife receiver) {
            this.sender = sender;
            this.receiver = receiver;
        }
    }

    private final SimulatedScheduler scheduler;
    private final SplittableRandom random;
    private final TreeMap<Integer, Attached> nodes = new TreeMap<>();
    private final TreeMap<Long, Link> links = new TreeMap<>();
    private UnaryOperator<ByteBuffer> sender = UnaryOperator.identity();
    private Tap tap = (from, to, life, frame) -> {};
    private LinkQuality defaultQuality = LinkQuality.LOCAL;
    private long delivered;
    private long dropped;
    private long corrupted;
    private long late;
    private long replayed;
    private long resets;

    public SimulatedNetwork(SimulatedScheduler scheduler, SplittableRandom random) {
        this.scheduler = scheduler;
        this.random = random;
    }

    /// The network as the process sees it; `endpoint` hears from now on, until the process ends. `trueNanos`: the time
    /// that the process has lived to, which is when its frames leave: a call that blocks is ahead of the world.
    public Network attach(int nodeId, ProcessLife life, LongSupplier trueNanos, Endpoint endpoint) {
        nodes.put(nodeId, new Attached(life, endpoint));
        return new Port(nodeId, life, trueNanos);
    }

    /// The process is gone. `silent`: nobody tells the peers (the machine lost power), their connections time out.
    public void detach(int nodeId, ProcessLife life, boolean silent) {
        var attached = nodes.get(nodeId);
        if (attached != null && attached.life() == life) {
            nodes.remove(nodeId);
        }
        for (var link : links.values()) {
            var connection = link.connection;
            if (connection == null) {
                continue;
            }
            if (link.from == nodeId && connection.sender == life) {
                reset(link, connection);
            } else if (link.to == nodeId && connection.receiver == life) {
                var delay = silent
                        ? BLOCKED_RESET_MIN_NANOS + random.nextLong(BLOCKED_RESET_JITTER_NANOS)
                        : random.nextLong(5_000_000);
                scheduler.after(delay, () -> reset(link, connection));
            }
        }
    }

    /// Changes every frame before it is sent, as faulty code would have sent it.
    public void rewrite(UnaryOperator<ByteBuffer> newSender) {
        sender = newSender;
    }

    public void tap(Tap newTap) {
        tap = newTap;
    }

    public void quality(LinkQuality quality) {
        defaultQuality = quality;
        links.values().forEach(link -> link.quality = quality);
    }

    public void quality(int from, int to, LinkQuality quality) {
        link(from, to).quality = quality;
    }

    /// Stops one direction. What is sent meanwhile arrives at [#unblock], if the connection lasts so long.
    public void block(int from, int to) {
        var link = link(from, to);
        if (link.blocked) {
            return;
        }
        link.blocked = true;
        var count = ++link.blockedCount;
        var connection = link.connection;
        scheduler.after(BLOCKED_RESET_MIN_NANOS + random.nextLong(BLOCKED_RESET_JITTER_NANOS), () -> {
            if (link.blocked && link.blockedCount == count && connection != null) {
                reset(link, connection);
            }
        });
    }

    public void unblock(int from, int to) {
        var link = link(from, to);
        link.blocked = false;
        var connection = link.connection;
        if (connection != null) {
            while (!connection.held.isEmpty()) {
                deliverLater(link, connection, connection.held.removeFirst());
            }
        }
    }

    public boolean blocked(int from, int to) {
        return link(from, to).blocked;
    }

    /// Breaks the connection now; it is made anew soon.
    public void reset(int from, int to) {
        var link = link(from, to);
        if (link.connection != null) {
            reset(link, link.connection);
        }
    }

    public long delivered() {
        return delivered;
    }

    public long dropped() {
        return dropped;
    }

    public long corrupted() {
        return corrupted;
    }

    public long late() {
        return late;
    }

    public long replayed() {
        return replayed;
    }

    public long resets() {
        return resets;
    }

    private Link link(int from, int to) {
        return links.computeIfAbsent(((long) from << 32) | to, key -> {
            var link = new Link(from, to);
            link.quality = defaultQuality;
            return link;
        });
    }

    private void connectLater(int from, int to, ProcessLife sender) {
        scheduler.after(RECONNECT_MIN_NANOS + random.nextLong(RECONNECT_JITTER_NANOS), () -> {
            if (sender.ended()) {
                return;
            }
            var link = link(from, to);
            var self = nodes.get(from);
            var peer = nodes.get(to);
            if (link.connection != null && !link.connection.reset) {
                return;
            }
            if (self == null || peer == null || peer.life().ended() || link.blocked || link(to, from).blocked) {
                connectLater(from, to, sender);
                return;
            }
            var connection = new Connection(sender, peer.life());
            link.connection = connection;
            scheduler.note("connected " + from + "->" + to);
            self.endpoint().connected(to, true);
            if (random.nextDouble() < link.quality.replayRate()) {
                for (var frame : link.lastFrames) {
                    replayed++;
                    deliverLater(link, connection, frame);
                }
            }
            link.lastFrames.clear();
        });
    }

    private void reset(Link link, Connection connection) {
        if (connection.reset) {
            return;
        }
        resets++;
        connection.reset = true;
        connection.late = random.nextDouble() < link.quality.lateRate();
        connection.lateNanos = link.quality.lateNanos();
        dropped += connection.held.size();
        connection.held.clear();
        if (link.connection == connection) {
            link.connection = null;
        }
        scheduler.note("reset " + link.from + "->" + link.to);
        var self = nodes.get(link.from);
        if (!connection.sender.ended() && self != null && self.life() == connection.sender) {
            self.endpoint().connected(link.to, false);
            connectLater(link.from, link.to, connection.sender);
        }
    }

    private void send(Link link, Connection connection, ByteBuffer frame, long leavesNanos) {
        var bytes = new byte[frame.remaining()];
        frame.get(frame.position(), bytes);
        if (random.nextDouble() < link.quality.dropRate()) {
            dropped++;
            reset(link, connection);
            return;
        }
        if (random.nextDouble() < link.quality.corruptRate() && bytes.length > 0) {
            corrupted++;
            bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        }
        link.lastFrames.add(bytes);
        if (link.lastFrames.size() > REPLAY_FRAMES) {
            link.lastFrames.removeFirst();
        }
        connection.transmittedNanos = Math.max(connection.transmittedNanos, leavesNanos)
                + bytes.length * 1_000_000_000L / link.quality.bytesPerSecond();
        deliverLater(link, connection, bytes);
    }

    private void deliverLater(Link link, Connection connection, byte[] frame) {
        var quality = link.quality;
        var delay = quality.delayNanos() + random.nextLong(quality.jitterNanos() + 1);
        var due = Math.max(
                connection.lastDeliveryNanos + 1, Math.max(connection.transmittedNanos, scheduler.nowNanos()) + delay);
        connection.lastDeliveryNanos = due;
        scheduler.at(due, () -> arrive(link, connection, frame));
    }

    private void arrive(Link link, Connection connection, byte[] frame) {
        if (connection.reset) {
            if (connection.late && !connection.receiver.ended()) {
                late++;
                scheduler.after(random.nextLong(connection.lateNanos), () -> handOver(link, connection, frame));
            } else {
                dropped++;
            }
            return;
        }
        if (link.blocked) {
            connection.held.addLast(frame);
            return;
        }
        handOver(link, connection, frame);
    }

    private void handOver(Link link, Connection connection, byte[] frame) {
        var receiver = nodes.get(link.to);
        if (receiver == null
                || receiver.life() != connection.receiver
                || receiver.life().ended()) {
            dropped++;
            return;
        }
        delivered++;
        receiver.endpoint().receive(link.from, ByteBuffer.wrap(frame.clone()));
    }

    private final class Port implements Network {
        private final int nodeId;
        private final ProcessLife life;
        private final LongSupplier trueNanos;
        private final TreeMap<Integer, String> located = new TreeMap<>();

        Port(int nodeId, ProcessLife life, LongSupplier trueNanos) {
            this.nodeId = nodeId;
            this.life = life;
            this.trueNanos = trueNanos;
        }

        @Override
        public void send(int toNodeId, ByteBuffer frame) {
            life.effect("send to ", toNodeId);
            var link = link(nodeId, toNodeId);
            var connection = link.connection;
            if (connection == null || connection.reset || connection.sender != life) {
                dropped++;
                return;
            }
            var leaving = sender.apply(frame);
            tap.said(nodeId, toNodeId, life, leaving.duplicate());
            SimulatedNetwork.this.send(link, connection, leaving, trueNanos.getAsLong());
        }

        @Override
        public long unsentBytes(int toNodeId) {
            var link = link(nodeId, toNodeId);
            var connection = link.connection;
            if (connection == null) {
                return 0;
            }
            var held = connection.held.stream().mapToLong(frame -> frame.length).sum();
            var waiting = Math.max(0, connection.transmittedNanos - trueNanos.getAsLong());
            return held + (long) (waiting / 1e9 * link.quality.bytesPerSecond());
        }

        @Override
        public void locate(int toNodeId, String peerAddress) {
            if (toNodeId != nodeId && !peerAddress.equals(located.put(toNodeId, peerAddress))) {
                connectLater(nodeId, toNodeId, life);
            }
        }
    }
}
