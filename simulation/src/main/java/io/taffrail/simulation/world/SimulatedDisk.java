package io.taffrail.simulation.world;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.LongConsumer;

/// A volume. It outlives the processes that [#mount] it; what they leave behind depends on how they end.
public final class SimulatedDisk {
    /// What the volume is made of.
    ///
    /// @param sectorBytes the unit that a power loss writes whole or not at all
    /// @param directBlockBytes what [io.taffrail.wal.io.LogFile#blockSizeBytes] says; 1: buffered
    /// @param garblesTornSectors a sector whose write was cut by power loss may read as garbage
    public record Geometry(int sectorBytes, int directBlockBytes, long capacityBytes, boolean garblesTornSectors) {
        public static final Geometry DEFAULT = new Geometry(512, 1, 1L << 40, false);
    }

    /// A write that was submitted and has not completed.
    record InFlight(SimulatedInode inode, ByteBuffer bytes, long position) {}

    private final Geometry geometry;
    private final SimulatedFolder root;
    private final List<InFlight> inFlight = new ArrayList<>();
    private DiskBehaviour behaviour = DiskBehaviour.STEADY;
    private long nextInode = 1;
    private long reservedBytes;
    private boolean mounted;

    public SimulatedDisk(Geometry geometry) {
        this(geometry, new SimulatedFolder());
    }

    private SimulatedDisk(Geometry geometry, SimulatedFolder root) {
        this.geometry = geometry;
        this.root = root;
    }

    public Geometry geometry() {
        return geometry;
    }

    public DiskBehaviour behaviour() {
        return behaviour;
    }

    public void behaviour(DiskBehaviour newBehaviour) {
        behaviour = newBehaviour;
    }

    /// Space that somebody else takes.
    public void occupy(long bytes) {
        reservedBytes = bytes;
    }

    public long freeBytes() {
        return Math.max(0, geometry.capacityBytes() - reservedBytes - usedBytes(root));
    }

    private static long usedBytes(SimulatedFolder folder) {
        var used = 0L;
        for (var node : folder.entries().values()) {
            used += switch (node) {
                case SimulatedInode inode -> inode.sizeBytes();
                case SimulatedFolder child -> usedBytes(child);
            };
        }
        return used;
    }

    SimulatedInode newInode() {
        return new SimulatedInode(nextInode++, geometry.sectorBytes());
    }

    /// One process at a time. Blocking calls spend `time`.
    public SimulatedLogDirectory mount(ProcessLife life, BlockingTime time, Choices choices) {
        return mount(life, time, choices, freeBytes -> {});
    }

    /// The same; `looks` hears what the process is told to be free, each time that it asks.
    public SimulatedLogDirectory mount(ProcessLife life, BlockingTime time, Choices choices, LongConsumer looks) {
        if (mounted) {
            throw new IllegalStateException("the volume is mounted already");
        }
        mounted = true;
        return new SimulatedLogDirectory(new Mount(this, life, time, choices, looks), root);
    }

    void unmount() {
        mounted = false;
    }

    /// How a blocking call spends its process's time.
    public interface BlockingTime {
        void block(long nanos);

        static BlockingTime of(SimulatedEventLoop loop) {
            return loop::block;
        }

        BlockingTime FREE = nanos -> {};
    }

    /// What a mounted volume's handles share.
    record Mount(SimulatedDisk disk, ProcessLife life, BlockingTime time, Choices choices, LongConsumer looks) {}

    InFlight submitted(SimulatedInode inode, ByteBuffer bytes, long position) {
        var write = new InFlight(inode, bytes, position);
        inFlight.add(write);
        return write;
    }

    void completed(InFlight write) {
        inFlight.remove(write);
    }

    /// The process died; the machine goes on. Of what was in flight any sectors may have been written; the page
    /// cache stays.
    public void processEnded(Choices choices) {
        for (var write : inFlight) {
            var wanted = choices.pick(3);
            if (wanted > 0) {
                write.inode().write(write.bytes(), write.position(), sector -> wanted == 2 || choices.keep());
            }
        }
        inFlight.clear();
        mounted = false;
    }

    /// The machine died: of everything that was not synced anything may be left.
    public void losePower(Choices choices) {
        for (var write : inFlight) {
            write.inode().write(write.bytes(), write.position(), sector -> true);
        }
        inFlight.clear();
        mounted = false;
        losePower(root, choices);
    }

    private void losePower(SimulatedFolder folder, Choices choices) {
        folder.losePower(choices);
        for (var node : folder.entries().values()) {
            switch (node) {
                case SimulatedInode inode -> inode.losePower(choices, geometry.garblesTornSectors());
                case SimulatedFolder child -> losePower(child, choices);
            }
        }
    }

    /// The same volume, as it could be taken away and tried: nothing that happens to one touches the other.
    public SimulatedDisk copy() {
        var copies = new IdentityHashMap<SimulatedNode, SimulatedNode>();
        var copy = new SimulatedDisk(geometry, root.copy(copies));
        for (var write : inFlight) {
            var inode = copies.get(write.inode());
            if (inode instanceof SimulatedInode file) {
                copy.inFlight.add(new InFlight(file, write.bytes(), write.position()));
            }
        }
        copy.nextInode = nextInode;
        copy.reservedBytes = reservedBytes;
        return copy;
    }

    /// The volume as a power loss now leaves it at least: nothing of what is not certain to survive.
    public SimulatedDisk certain() {
        return new SimulatedDisk(geometry, root.certain());
    }

    /// Files by path with their sizes, for reports and for choosing victims.
    public SortedMap<String, Long> files() {
        var files = new TreeMap<String, Long>();
        collect(root, "", files);
        return files;
    }

    private static void collect(SimulatedFolder folder, String prefix, SortedMap<String, Long> into) {
        folder.entries().forEach((name, node) -> {
            switch (node) {
                case SimulatedInode inode -> into.put(prefix + name, inode.sizeBytes());
                case SimulatedFolder child -> collect(child, prefix + name + "/", into);
            }
        });
    }

    /// Bytes as a process would read them.
    public byte[] bytes(String path) {
        var inode = inode(path);
        var buffer = ByteBuffer.allocate((int) inode.sizeBytes());
        inode.read(buffer, 0);
        return buffer.array();
    }

    /// Bytes that a power loss now is certain to leave, though not their name.
    public byte[] durableBytes(String path) {
        return inode(path).durableBytes();
    }

    /// Changes whenever those of the file may have.
    public long durableChanges(String path) {
        return inode(path).durableChanges();
    }

    public boolean exists(String name) {
        return root.get(name) instanceof SimulatedInode;
    }

    /// Flips the bits of `mask` in one byte of the medium.
    public void rot(String path, long position, int mask) {
        inode(path).rot(position, mask);
    }

    /// The sector is as it was before anything was written to it.
    public void loseSector(String path, long position) {
        inode(path).loseSector(position);
    }

    public void cut(String path, long toBytes) {
        inode(path).cut(toBytes);
    }

    /// Sectors and folder changes that a power loss now would decide about.
    public int undecided() {
        return undecided(root);
    }

    private static int undecided(SimulatedFolder folder) {
        var count = folder.unsyncedChanges();
        for (var node : folder.entries().values()) {
            count += switch (node) {
                case SimulatedInode inode -> inode.unsyncedSectors();
                case SimulatedFolder child -> undecided(child);
            };
        }
        return count;
    }

    /// Equal for disks that hold the same, as processes see it.
    public String fingerprint() {
        var text = new StringBuilder();
        for (var file : files().entrySet()) {
            text.append(file.getKey()).append('=').append(file.getValue());
            text.append(':').append(inode(file.getKey()).fingerprint()).append(' ');
        }
        return text.toString();
    }

    /// Files and which of their sectors hold anything, for people.
    public String describe() {
        var text = new StringBuilder();
        for (var file : files().entrySet()) {
            text.append("%s, %s bytes, sectors %s%n"
                    .formatted(
                            file.getKey(), file.getValue(), inode(file.getKey()).describe()));
        }
        return text.toString();
    }

    private SimulatedInode inode(String path) {
        if (root.get(path) instanceof SimulatedInode inode) {
            return inode;
        }
        var folder = root;
        var parts = path.split("/");
        for (var i = 0; i < parts.length - 1; i++) {
            if (!(folder.get(parts[i]) instanceof SimulatedFolder child)) {
                throw new IllegalArgumentException("no folder " + path);
            }
            folder = child;
        }
        if (!(folder.get(parts[parts.length - 1]) instanceof SimulatedInode inode)) {
            throw new IllegalArgumentException("no file " + path);
        }
        return inode;
    }
}
