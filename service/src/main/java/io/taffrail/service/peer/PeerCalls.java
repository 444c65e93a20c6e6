package io.taffrail.service.peer;

import io.taffrail.replication.Peer;
import io.taffrail.replication.Replica;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The calls that other nodes have open to this one: one each, the newest process's. Methods are for any thread.
///
/// A process that stood still, or was cut off, may come back when its node has a successor: under the same address its
/// connections go on, and this node's own connection may have ended up with it. What it says is refused by the protocol
/// (its incarnation is too low), but what is sent to it never reaches the successor. The successor's call is what tells
/// that there is one. Nothing is remembered of calls that have ended: whoever is alone under an id is heard, and what a
/// copy of an older volume says is the protocol's to judge.
public final class PeerCalls {
    /// One end of a call.
    interface Caller {
        /// Null: not known.
        @Nullable
        PeerIdentity identity();

        boolean isOpen();

        /// Another call of the node took its place.
        void replaced();
    }

    private final IntFunction<@Nullable UUID> memberStorage;
    private final Map<Integer, Caller> callers = new HashMap<>();
    private final List<IntConsumer> taken = new CopyOnWriteArrayList<>();

    public PeerCalls(Supplier<@Nullable Replica> replica) {
        this((IntFunction<@Nullable UUID>) nodeId -> memberStorage(replica.get(), nodeId));
    }

    /// @param memberStorage of the member with that id; null: there is none
    PeerCalls(IntFunction<@Nullable UUID> memberStorage) {
        this.memberStorage = memberStorage;
    }

    private static @Nullable UUID memberStorage(@Nullable Replica replica, int nodeId) {
        if (replica == null) {
            return null;
        }
        var status = replica.status();
        for (var members : List.of(status.voters(), status.learners())) {
            for (Peer member : members) {
                if (member.nodeId() == nodeId) {
                    return member.storageId();
                }
            }
        }
        return null;
    }

    /// Whoever had the node's call before is told to go. Not null: it was not taken, because of this one.
    @Nullable
    PeerIdentity take(int nodeId, Caller caller) {
        Caller before;
        synchronized (this) {
            before = callers.get(nodeId);
            if (before != null && before.isOpen() && yields(nodeId, caller.identity(), before.identity())) {
                return before.identity();
            }
            callers.put(nodeId, caller);
        }
        if (before != null) {
            before.replaced();
        }
        taken.forEach(listener -> listener.accept(nodeId));
        return null;
    }

    synchronized void left(int nodeId, Caller caller) {
        callers.remove(nodeId, caller);
    }

    /// The process of the node that calls, if it makes `answering` one that is over.
    synchronized @Nullable PeerIdentity successor(int nodeId, @Nullable PeerIdentity answering) {
        var caller = callers.get(nodeId);
        return caller != null && caller.isOpen() && yields(nodeId, answering, caller.identity())
                ? caller.identity()
                : null;
    }

    private boolean yields(int nodeId, @Nullable PeerIdentity one, @Nullable PeerIdentity other) {
        return one != null && other != null && one.yieldsTo(other, memberStorage.apply(nodeId));
    }

    /// Hears the node of each call that is taken.
    void whenTaken(IntConsumer listener) {
        taken.add(listener);
    }
}
