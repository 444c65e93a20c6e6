package io.taffrail.simulation.world;

import io.taffrail.simulation.world.DiskBehaviour.Operation;
import io.taffrail.simulation.world.SimulatedDisk.Mount;
import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.LogFile;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;

/// A mounted folder of a [SimulatedDisk].
public final class SimulatedLogDirectory implements LogDirectory {
    private final Mount mount;
    private final SimulatedFolder folder;

    SimulatedLogDirectory(Mount mount, SimulatedFolder folder) {
        this.mount = mount;
        this.folder = folder;
    }

    Mount mount() {
        return mount;
    }

    @Override
    public List<String> list() throws IOException {
        operation("list ", "", Operation.METADATA);
        var files = new ArrayList<String>();
        folder.entries().forEach((name, node) -> {
            if (node instanceof SimulatedInode) {
                files.add(name);
            }
        });
        return files;
    }

    @Override
    public boolean exists(String name) {
        checkName(name);
        return folder.get(name) != null;
    }

    @Override
    public LogFile create(String name, long lengthBytes) throws IOException {
        checkName(name);
        operation("create ", name, Operation.METADATA);
        if (folder.get(name) != null) {
            throw new FileAlreadyExistsException(name);
        }
        if (lengthBytes > 0 && mount.disk().freeBytes() < lengthBytes) {
            throw new IOException(name + ": No space left on device");
        }
        var inode = mount.disk().newInode();
        inode.grow(lengthBytes);
        inode.name = name;
        folder.bind(name, inode);
        return new SimulatedLogFile(mount, inode);
    }

    @Override
    public LogFile open(String name) throws IOException {
        checkName(name);
        operation("open ", name, Operation.METADATA);
        var inode = inode(name);
        inode.name = name;
        return new SimulatedLogFile(mount, inode);
    }

    @Override
    public void rename(String from, String to) throws IOException {
        checkName(from);
        checkName(to);
        operation("rename ", from, Operation.METADATA);
        var inode = inode(from);
        inode.name = to;
        folder.rename(from, to, inode);
    }

    @Override
    public void delete(String name) throws IOException {
        checkName(name);
        operation("delete ", name, Operation.METADATA);
        folder.unbind(name, inode(name));
    }

    @Override
    public void sync() throws IOException {
        operation("sync ", ".", Operation.SYNC);
        if (!mount.disk().behaviour().syncLies(".")) {
            folder.sync();
        }
        mount.life().effect("directory synced");
    }

    @Override
    public LogDirectory subdirectory(String name) throws IOException {
        checkName(name);
        operation("subdirectory ", name, Operation.METADATA);
        var node = folder.get(name);
        if (node == null) {
            var child = new SimulatedFolder();
            folder.bindDurably(name, child);
            mount.life().effect("subdirectory made");
            return new SimulatedLogDirectory(mount, child);
        }
        if (node instanceof SimulatedFolder child) {
            return new SimulatedLogDirectory(mount, child);
        }
        throw new IOException(name + ": Not a directory");
    }

    @Override
    public long freeBytes() {
        var free = mount.disk().freeBytes();
        if (!mount.life().observed()) {
            mount.looks().accept(free);
        }
        return free;
    }

    @Override
    public long totalBytes() {
        return mount.disk().geometry().capacityBytes();
    }

    @Override
    public void close() {
        mount.disk().unmount();
    }

    private SimulatedInode inode(String name) throws NoSuchFileException {
        if (folder.get(name) instanceof SimulatedInode inode) {
            return inode;
        }
        throw new NoSuchFileException(name);
    }

    private void operation(String what, String name, Operation operation) throws IOException {
        if (mount.life().observed()) {
            return;
        }
        mount.life().effect(what, name);
        mount.time().block(mount.disk().behaviour().waitNanos(operation, 0));
        var failure = mount.disk().behaviour().failure(operation, name);
        if (failure != null) {
            throw new IOException(name + ": " + failure.message());
        }
    }

    private static void checkName(String name) {
        if (name.isEmpty() || name.indexOf('/') >= 0 || name.startsWith("..")) {
            throw new IllegalArgumentException("not the name of a log file: '" + name + "'");
        }
    }
}
