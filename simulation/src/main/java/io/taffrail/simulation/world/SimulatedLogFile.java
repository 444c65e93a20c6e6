package io.taffrail.simulation.world;

import io.taffrail.simulation.world.DiskBehaviour.Operation;
import io.taffrail.simulation.world.SimulatedDisk.Mount;
import io.taffrail.wal.io.FlushFailedException;
import io.taffrail.wal.io.LogFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/// An open file of a [SimulatedDisk]; its process reads and writes through it until one of the two is closed.
final class SimulatedLogFile implements LogFile {
    private final Mount mount;
    private final SimulatedInode inode;
    private boolean closed;
    /// Requests of an I/O method that have not been carried out.
    int inFlight;

    SimulatedLogFile(Mount mount, SimulatedInode inode) {
        this.mount = mount;
        this.inode = inode;
    }

    Mount mount() {
        return mount;
    }

    SimulatedInode inode() {
        return inode;
    }

    boolean closed() {
        return closed;
    }

    @Override
    public String name() {
        return inode.name;
    }

    @Override
    public long sizeBytes() throws IOException {
        checkOpen();
        return inode.sizeBytes();
    }

    @Override
    public int blockSizeBytes() {
        return mount.disk().geometry().directBlockBytes();
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
        begin("read ", Operation.READ, target.remaining());
        return inode.read(target, position);
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
        begin("write ", Operation.WRITE, source.remaining());
        var end = position + source.remaining();
        if (end > inode.sizeBytes() && mount.disk().freeBytes() < end - inode.sizeBytes()) {
            throw new IOException(inode.name + ": No space left on device");
        }
        inode.write(source, position, sector -> true);
        source.position(source.limit());
        mount.life().effect("written ", inode.name);
    }

    @Override
    public void force() throws IOException {
        checkOpen();
        mount.life().effect("force ", inode.name);
        var behaviour = mount.disk().behaviour();
        mount.time().block(behaviour.waitNanos(Operation.SYNC, 0));
        var failure = behaviour.failure(Operation.SYNC, inode.name);
        if (failure != null) {
            inode.abandonUnsynced(mount.choices(), failure.readsShowDisk());
            throw new FlushFailedException(inode.name + ": " + failure.message());
        }
        if (!behaviour.syncLies(inode.name)) {
            inode.makeDurable(inode.lastNumber(), sector -> true);
        }
        mount.life().effect("forced ", inode.name);
    }

    @Override
    public void close() {
        if (!closed && inFlight > 0 && !mount.life().ended()) {
            throw new IllegalStateException(inode.name + " is closed while " + inFlight + " requests are on their way");
        }
        closed = true;
    }

    private void begin(String what, Operation operation, int bytes) throws IOException {
        checkOpen();
        if (mount.life().observed()) {
            return;
        }
        mount.life().effect(what, inode.name);
        mount.time().block(mount.disk().behaviour().waitNanos(operation, bytes));
        var failure = mount.disk().behaviour().failure(operation, inode.name);
        if (failure != null) {
            throw new IOException(inode.name + ": " + failure.message());
        }
    }

    private void checkOpen() throws IOException {
        if (closed) {
            throw new IOException(inode.name + " is closed");
        }
    }
}
