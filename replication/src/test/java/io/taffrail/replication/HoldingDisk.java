package io.taffrail.replication;

import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.IoRequest;
import java.util.ArrayDeque;

/// A disk that keeps some of what it is asked for in hand.
abstract class HoldingDisk implements IoMethod {
    final IoMethod disk;
    final ArrayDeque<IoRequest> held = new ArrayDeque<>();

    HoldingDisk(IoMethod disk) {
        this.disk = disk;
    }

    @Override
    public String name() {
        return disk.name();
    }

    @Override
    public void await(long timeoutNanos) {
        disk.await(timeoutNanos);
    }

    @Override
    public void wakeup() {
        disk.wakeup();
    }

    @Override
    public int inFlight() {
        return held.size() + disk.inFlight();
    }

    @Override
    public void close() {
        disk.close();
    }
}
