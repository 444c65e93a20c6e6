package io.taffrail.simulation.world;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;

/// The content of a file, sector by sector: what reads see, what is certain to survive power loss, and in between
/// every version of a sector that was written since it was last made certain. A power loss leaves of each sector
/// any one of those versions, whatever became of its neighbours. A sector's bytes are never changed in place, so
/// copies of a disk share them.
final class SimulatedInode implements SimulatedNode {
    private static final class Version {
        final long number;
        final byte[] bytes;

        Version(long number, byte[] bytes) {
            this.number = number;
            this.bytes = bytes;
        }
    }

    private record Size(long number, long bytes) {}

    final long id;
    /// What processes call it now; a rename reaches those that have it open.
    String name = "";
    private final int sectorBytes;
    private final byte[] zeros;
    private final Sectors cached = new Sectors();
    private final Sectors durable = new Sectors();
    private final TreeMap<Integer, List<Version>> unsynced = new TreeMap<>();
    private final List<Size> unsyncedSizes = new ArrayList<>();
    private long sizeBytes;
    private long durableSizeBytes;
    private long lastNumber;
    private long durableChanges;

    SimulatedInode(long id, int sectorBytes) {
        this(id, new byte[sectorBytes]);
    }

    private SimulatedInode(long id, byte[] zeros) {
        this.id = id;
        this.sectorBytes = zeros.length;
        this.zeros = zeros;
    }

    /// What a power loss now is certain to leave of it.
    SimulatedInode certain() {
        var certain = new SimulatedInode(id, zeros);
        certain.name = name;
        certain.cached.set(durable);
        certain.durable.set(durable);
        certain.sizeBytes = durableSizeBytes;
        certain.durableSizeBytes = durableSizeBytes;
        certain.lastNumber = lastNumber;
        return certain;
    }

    SimulatedInode copy() {
        var copy = new SimulatedInode(id, zeros);
        copy.name = name;
        copy.cached.set(cached);
        copy.durable.set(durable);
        unsynced.forEach((sector, versions) -> copy.unsynced.put(sector, new ArrayList<>(versions)));
        copy.unsyncedSizes.addAll(unsyncedSizes);
        copy.sizeBytes = sizeBytes;
        copy.durableSizeBytes = durableSizeBytes;
        copy.lastNumber = lastNumber;
        return copy;
    }

    long sizeBytes() {
        return sizeBytes;
    }

    int sectorBytes() {
        return sectorBytes;
    }

    /// Everything written so far, for [#makeDurable] of a sync that starts now.
    long lastNumber() {
        return lastNumber;
    }

    /// Changes whenever what is certain to survive may have changed.
    long durableChanges() {
        return durableChanges;
    }

    /// What is certain to survive a power loss.
    byte[] durableBytes() {
        var bytes = new byte[(int) durableSizeBytes];
        for (var at = 0; at < bytes.length; at += sectorBytes) {
            var content = durable.get(at / sectorBytes);
            if (content != null) {
                System.arraycopy(content, 0, bytes, at, Math.min(sectorBytes, bytes.length - at));
            }
        }
        return bytes;
    }

    int unsyncedSectors() {
        return unsynced.size();
    }

    void grow(long toBytes) {
        if (toBytes > sizeBytes) {
            sizeBytes = toBytes;
            unsyncedSizes.add(new Size(++lastNumber, toBytes));
        }
    }

    int read(ByteBuffer target, long position) {
        var count = (int) Math.min(target.remaining(), Math.max(0, sizeBytes - position));
        for (var done = 0; done < count; ) {
            var at = position + done;
            var within = (int) (at % sectorBytes);
            var length = Math.min(count - done, sectorBytes - within);
            var sector = cached.get((int) (at / sectorBytes));
            target.put(sector == null ? zeros : sector, within, length);
            done += length;
        }
        return count;
    }

    /// Writes the sectors that `only` lets through; returns the number of the newest version.
    long write(ByteBuffer source, long position, SectorFilter only) {
        var count = source.remaining();
        for (var done = 0; done < count; ) {
            var at = position + done;
            var within = (int) (at % sectorBytes);
            var length = Math.min(count - done, sectorBytes - within);
            var index = (int) (at / sectorBytes);
            var old = cached.get(index);
            if (!only.passes(index)) {
                done += length;
                continue;
            }
            grow(at + length);
            // The same bytes once more leave nothing new to chance; zeros over a new file's zeros are many.
            if (!equal(old == null ? zeros : old, within, source, source.position() + done, length)) {
                var bytes = old == null ? new byte[sectorBytes] : old.clone();
                source.get(source.position() + done, bytes, within, length);
                cached.put(index, bytes);
                unsynced.computeIfAbsent(index, key -> new ArrayList<>(2)).add(new Version(++lastNumber, bytes));
            }
            done += length;
        }
        return lastNumber;
    }

    private static boolean equal(byte[] sector, int within, ByteBuffer source, int position, int length) {
        return ByteBuffer.wrap(sector, within, length).equals(source.slice(position, length));
    }

    interface SectorFilter {
        boolean passes(int sector);
    }

    /// Versions up to `number` of the sectors that `only` lets through survive from now on.
    void makeDurable(long number, SectorFilter only) {
        durableChanges++;
        var entries = unsynced.entrySet().iterator();
        while (entries.hasNext()) {
            var entry = entries.next();
            if (!only.passes(entry.getKey())) {
                continue;
            }
            var versions = entry.getValue();
            while (!versions.isEmpty() && versions.getFirst().number <= number) {
                durable.put(entry.getKey(), versions.removeFirst().bytes);
            }
            if (versions.isEmpty()) {
                entries.remove();
            }
        }
        while (!unsyncedSizes.isEmpty() && unsyncedSizes.getFirst().number() <= number) {
            durableSizeBytes = unsyncedSizes.removeFirst().bytes();
        }
    }

    /// After a failed sync the kernel takes the pages for clean: nothing will write them any more. Of each sector
    /// some version may have reached the disk; reads go on showing the new bytes, or fall back to the disk's.
    void abandonUnsynced(Choices choices, boolean readsShowDisk) {
        var newest = new Sectors();
        newest.set(cached);
        var size = sizeBytes;
        losePower(choices, false);
        if (!readsShowDisk) {
            cached.set(newest);
            sizeBytes = size;
        }
    }

    /// `mayGarble`: a sector that was being written may hold neither its old nor its new bytes.
    void losePower(Choices choices, boolean mayGarble) {
        durableChanges++;
        unsynced.forEach((sector, versions) -> {
            var pick = choices.pick(versions.size() + 1 + (mayGarble ? 1 : 0));
            if (pick > versions.size()) {
                durable.put(sector, garbage(sector));
            } else if (pick > 0) {
                durable.put(sector, versions.get(pick - 1).bytes);
            }
        });
        unsynced.clear();
        if (!unsyncedSizes.isEmpty()) {
            var pick = choices.pick(unsyncedSizes.size() + 1);
            if (pick > 0) {
                durableSizeBytes = unsyncedSizes.get(pick - 1).bytes();
            }
            unsyncedSizes.clear();
        }
        sizeBytes = durableSizeBytes;
        cached.set(durable);
    }

    private byte[] garbage(int sector) {
        var bytes = new byte[sectorBytes];
        new SplittableRandom(id * 31 + sector).nextBytes(bytes);
        return bytes;
    }

    String fingerprint() {
        var hash = 0xcbf29ce484222325L;
        for (var number = 0; number < cached.end(); number++) {
            var sector = cached.get(number);
            if (sector == null) {
                continue;
            }
            hash = (hash ^ number) * 0x100000001b3L;
            for (var value : sector) {
                hash = (hash ^ value) * 0x100000001b3L;
            }
        }
        return Long.toHexString(hash);
    }

    /// Of each sector that was ever written: `0` zeros, `x` anything else.
    String describe() {
        var text = new StringBuilder();
        for (var number = 0; number < cached.end(); number++) {
            var sector = cached.get(number);
            if (sector != null) {
                text.append(number).append(Arrays.equals(sector, zeros) ? "0 " : "x ");
            }
        }
        return text.toString();
    }

    /// Changes bytes on the medium and in the cache behind everyone's back.
    void rot(long position, int mask) {
        durableChanges++;
        var index = (int) (position / sectorBytes);
        for (var image : List.of(cached, durable)) {
            var old = image.get(index);
            var bytes = old == null ? new byte[sectorBytes] : old.clone();
            bytes[(int) (position % sectorBytes)] ^= (byte) mask;
            image.put(index, bytes);
        }
    }

    void loseSector(long position) {
        durableChanges++;
        var index = (int) (position / sectorBytes);
        cached.remove(index);
        durable.remove(index);
    }

    /// Cuts the file short behind everyone's back.
    void cut(long toBytes) {
        durableChanges++;
        sizeBytes = Math.min(sizeBytes, toBytes);
        durableSizeBytes = Math.min(durableSizeBytes, toBytes);
        unsyncedSizes.clear();
        var end = (int) ((toBytes + sectorBytes - 1) / sectorBytes);
        cached.cut(end);
        durable.cut(end);
        unsynced.tailMap(end, true).clear();
    }
}
