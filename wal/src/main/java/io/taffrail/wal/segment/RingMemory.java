package io.taffrail.wal.segment;

import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;

/// Memory that is written round and round by the loop and copied from by readers on other threads. Positions
/// only grow; a position's index is its remainder.
///
/// A reader copies first and asks afterwards whether the bytes were still there ([#holds]); the writer says
/// that they are not ([#giveUp]) before it overwrites them. So a reader never blocks the writer, and a copy
/// that raced with it is noticed and thrown away.
final class RingMemory {
    private final ByteBuffer bytes;
    private final AtomicLong oldest = new AtomicLong();

    RingMemory(int capacityBytes) {
        this.bytes = Blocks.allocate(Blocks.roundUp(capacityBytes));
    }

    ByteBuffer bytes() {
        return bytes;
    }

    int capacityBytes() {
        return bytes.capacity();
    }

    int index(long position) {
        return (int) (position % bytes.capacity());
    }

    void giveUp(long below) {
        oldest.set(below);
        VarHandle.fullFence();
    }

    boolean holds(long position) {
        // The copy's loads come before this one.
        VarHandle.acquireFence();
        return position >= oldest.get();
    }
}
