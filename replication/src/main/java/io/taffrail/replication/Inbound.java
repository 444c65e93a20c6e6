package io.taffrail.replication;

import io.taffrail.replication.codec.FrameCodec;
import io.taffrail.replication.codec.MalformedException;
import io.taffrail.replication.protocol.Event;
import io.taffrail.replication.protocol.ReplicationCore;
import io.taffrail.wal.Wal;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Frames of peers on their way to the core: held while the log has no room for what they carry, decoded, and left out
/// when they are not for this cluster.
final class Inbound {
    /// Frames behind one that waits. A disk may be full for days, and a leader says something ten times a second.
    static final int MAX_HELD = 1024;

    private final Wal wal;
    private final ReplicationCore core;
    private final Consumer<Event> events;
    private final Refused refused;
    private final ArrayDeque<HeldFrame> held = new ArrayDeque<>();
    private ReplicaStatus.RefusedPeers refusedPeers = ReplicaStatus.RefusedPeers.NONE;

    private record HeldFrame(int from, ByteBuffer frame) {}

    /// Hears what is to be told about a peer that was refused.
    @FunctionalInterface
    interface Refused {
        void refused(int node, String message);
    }

    /// @param events what comes of the frames
    Inbound(Wal wal, ReplicationCore core, Consumer<Event> events, Refused refused) {
        this.wal = wal;
        this.core = core;
        this.events = events;
        this.refused = refused;
    }

    void receive(int from, ByteBuffer frame) {
        if (!held.isEmpty() || isTooMuch(frame)) {
            // Of entries the leader ships no more than a window ahead of what is acknowledged. Anything else is said
            // again by whoever still wants an answer.
            if (held.size() < MAX_HELD || FrameCodec.carriesEntries(frame)) {
                held.add(new HeldFrame(from, frame));
            }
            return;
        }
        deliver(from, frame);
    }

    /// Those for which the log has room now. Returns how many.
    int takeHeld() {
        var taken = 0;
        for (var next = held.peek(); next != null && !isTooMuch(next.frame()); next = held.peek()) {
            held.remove();
            deliver(next.from(), next.frame());
            taken++;
        }
        return taken;
    }

    private boolean isTooMuch(ByteBuffer frame) {
        return FrameCodec.carriesEntries(frame) && wal.admitEncoded(frame.remaining()) == Wal.Admission.QUEUE_FULL;
    }

    private void deliver(int from, ByteBuffer frame) {
        FrameCodec.Decoded decoded;
        try {
            decoded = FrameCodec.decode(frame);
        } catch (MalformedException damaged) {
            return;
        }
        var sender = decoded.envelope();
        var hard = core.hardState();
        var theirs = sender.historyId();
        if (sender.nodeId() != from) {
            return;
        }
        if (sender.isOf(hard.clusterId(), hard.historyId())) {
            events.accept(new Event.Received(from, sender.storageId(), sender.incarnation(), decoded.message()));
        } else if (theirs != null && Objects.equals(sender.clusterId(), hard.clusterId())) {
            events.accept(new Event.ReceivedFromHistory(theirs, from, decoded.message()));
        } else {
            stranger(from, sender.clusterId());
        }
    }

    /// An address of another cluster, as a stale name resolves to: whatever it says is not for this one. It says it
    /// often, so that only the first time is told.
    private void stranger(int from, @Nullable UUID cluster) {
        var message = "speaks for cluster %s, this is %s"
                .formatted(cluster, core.hardState().clusterId());
        var first = !message.equals(refusedPeers.lastMessage());
        refusedPeers = refusedPeers.and(from, message);
        if (first) {
            refused.refused(from, message);
        }
    }

    /// The core has refused what a frame said.
    void violation(int node, String message) {
        refusedPeers = refusedPeers.and(node, message);
        refused.refused(node, message);
    }

    ReplicaStatus.RefusedPeers refusedPeers() {
        return refusedPeers;
    }
}
