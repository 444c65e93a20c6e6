package io.taffrail.simulation.fault;

import io.taffrail.simulation.world.SimulatedDisk;
import io.taffrail.wal.segment.GroupHeader;
import io.taffrail.wal.segment.SegmentHeader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/// Changes bytes of a volume whose process is down: mostly in the newest groups of the log, sometimes in a segment's
/// header, one of a file's two slots, or the newest checkpoint.
final class Rot {
    private static final int BLOCK_BYTES = 4096;
    private static final int HEADER_BYTES = 64;
    private static final int SECTOR_BYTES = 512;
    private static final String CHECKPOINT = ".checkpoint";
    /// Recovery verifies so many; older segments are the scrubber's.
    private static final int NEWEST_SEGMENTS = 2;

    /// @param lsn of the first entry that cannot be read any more; -1: nothing of the log is touched
    /// @param witness whether something on a volume still says that those bytes had been flushed
    record Damage(String where, long lsn, Predicate<SimulatedDisk> witness) {
        boolean isOfTheLog() {
            return lsn >= 0;
        }

        boolean isOfACheckpoint() {
            return where.endsWith(CHECKPOINT);
        }
    }

    private record Group(String file, int position, GroupHeader header) {
        boolean isIn(SimulatedDisk disk) {
            return disk.files().containsKey(file) && isIn(disk.bytes(file));
        }

        boolean isDurableIn(SimulatedDisk disk) {
            return isIn(disk.durableBytes(file));
        }

        private boolean isIn(byte[] bytes) {
            return position + HEADER_BYTES <= bytes.length
                    && header.equals(GroupHeader.read(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN), position));
        }
    }

    private final SimulatedDisk disk;
    private final SplittableRandom random;
    private final boolean loses;

    /// `loses`: a sector is as if it had never been written; else a few bits flip.
    Rot(SimulatedDisk disk, SplittableRandom random, boolean loses) {
        this.disk = disk;
        this.random = random;
        this.loses = loses;
    }

    /// Null: there was nothing to damage, or only what nothing would notice, or not after a power loss, and
    /// `onlyWitnessed` forbids.
    @Nullable
    Damage inflict(boolean onlyWitnessed) {
        return switch (random.nextInt(10)) {
            case 0 -> slot("meta");
            case 1 -> slot("lineage");
            case 2 -> checkpoint();
            case 3 -> log(onlyWitnessed, true);
            default -> log(onlyWitnessed, false);
        };
    }

    /// Of the log, and so that a later group tells. Null: there is none.
    @Nullable
    Damage spoilLog() {
        return log(true, false);
    }

    /// The newest groups as if they had never been written: nothing in the log tells. `remembered`: how far something
    /// else on a volume says that the log had been flushed. Null: all that it knows of is older.
    @Nullable
    Damage loseTail(ToLongFunction<SimulatedDisk> remembered) {
        var groups = groups();
        var rememberedLsn = remembered.applyAsLong(disk);
        var known = groups.stream()
                .filter(group -> group.header().lsn() < rememberedLsn)
                .toList();
        var newest = known.isEmpty() ? null : known.getLast();
        // A later segment's header would tell.
        if (newest == null || !newest.file().equals(groups.getLast().file())) {
            return null;
        }
        var lsn = newest.header().lsn();
        return loseFrom(groups, known.size() - 1, volume -> remembered.applyAsLong(volume) > lsn);
    }

    /// A bit of a segment that no start verifies by itself. Where; null: there is none.
    @Nullable
    String rotOld() {
        var verified = verified();
        var old = segments().stream()
                .filter(file -> !verified.isEmpty() && file.compareTo(verified.getLast()) < 0)
                .toList();
        if (verified.size() < NEWEST_SEGMENTS || old.isEmpty()) {
            return null;
        }
        var file = old.get(random.nextInt(old.size()));
        var groups = groups(file);
        if (groups.isEmpty()) {
            return null;
        }
        var group = groups.get(random.nextInt(groups.size()));
        var used = HEADER_BYTES + group.header().lengthBytes();
        var at = random.nextInt(5) == 0 ? random.nextInt(HEADER_BYTES - 16) : group.position() + random.nextInt(used);
        disk.rot(file, at, 1 << random.nextInt(8));
        return file + " at " + at;
    }

    private List<String> segments() {
        return disk.files().keySet().stream()
                .filter(file -> file.startsWith("log/") && file.endsWith(".segment"))
                .toList();
    }

    /// The newest groups that began below `committedLsn` as if they had never been written, and what is behind them.
    /// Null: something would tell, be it that the log had been flushed up to `rememberedLsn`.
    @Nullable
    Damage loseUntold(long rememberedLsn, long committedLsn) {
        var groups = groups();
        var chosen = groups.size() - 1;
        while (chosen >= 0 && groups.get(chosen).header().lsn() >= committedLsn) {
            chosen--;
        }
        if (chosen < 0
                || groups.get(chosen).header().lsn() < rememberedLsn
                || !groups.get(chosen).file().equals(verified().getFirst())) {
            return null;
        }
        return loseFrom(groups, chosen, volume -> false);
    }

    private Damage loseFrom(List<Group> groups, int chosen, Predicate<SimulatedDisk> witness) {
        for (var group : groups.subList(chosen, groups.size())) {
            for (var at = 0; at < group.header().fileBytes(); at += SECTOR_BYTES) {
                disk.loseSector(group.file(), group.position() + at);
            }
        }
        var first = groups.get(chosen);
        return new Damage(
                first.file() + " from " + first.position(), first.header().lsn(), witness);
    }

    private @Nullable Damage log(boolean onlyWitnessed, boolean header) {
        var groups = groups();
        if (groups.isEmpty()) {
            return null;
        }
        // Twice drawn: nearer to the end more often.
        var chosen = groups.size() - 1 - Math.min(random.nextInt(groups.size()), random.nextInt(groups.size()));
        if (header) {
            var file = groups.get(chosen).file();
            while (chosen > 0 && groups.get(chosen - 1).file().equals(file)) {
                chosen--;
            }
        }
        var group = groups.get(chosen);
        var lsn = group.header().lsn();
        var witnesses = groups.subList(chosen + 1, groups.size()).stream()
                .filter(later -> later.header().syncedLsn() > lsn)
                .toList();
        if (onlyWitnessed && witnesses.stream().noneMatch(witness -> witness.isDurableIn(disk))) {
            return null;
        }
        var used = HEADER_BYTES + group.header().lengthBytes();
        var at = header ? random.nextInt(HEADER_BYTES - 16) : group.position() + random.nextInt(used);
        damage(group.file(), at);
        return new Damage(
                group.file() + " at " + at,
                lsn,
                volume -> witnesses.stream().anyMatch(witness -> witness.isIn(volume)));
    }

    private List<Group> groups() {
        var groups = new ArrayList<Group>();
        for (var file : verified()) {
            groups.addAll(0, groups(file));
        }
        return groups;
    }

    /// The newest segments that no newer one has cut off, newest first, also those in which no group can be read:
    /// a volume may be damaged more than once before its replica has made it good.
    private List<String> verified() {
        var newest = new ArrayList<String>();
        var lowestBase = Long.MAX_VALUE;
        for (var file : segments().reversed()) {
            var bytes = disk.bytes(file);
            var header = bytes.length < BLOCK_BYTES
                    ? null
                    : SegmentHeader.read(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN), 0);
            if (header != null && header.baseLsn() < lowestBase && newest.size() < NEWEST_SEGMENTS) {
                lowestBase = header.previousSequence() == 0 ? Long.MIN_VALUE : header.baseLsn();
                newest.add(file);
            }
        }
        return newest;
    }

    private List<Group> groups(String file) {
        var groups = new ArrayList<Group>();
        var bytes = ByteBuffer.wrap(disk.bytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        for (var at = BLOCK_BYTES; at + BLOCK_BYTES <= bytes.capacity(); ) {
            var header = GroupHeader.read(bytes, at);
            if (header == null) {
                break;
            }
            groups.add(new Group(file, at, header));
            at += header.fileBytes();
        }
        return groups;
    }

    /// One slot while both hold the same: two copies are what a slot file promises to survive with.
    private @Nullable Damage slot(String file) {
        if (!disk.files().containsKey(file)) {
            return null;
        }
        var bytes = disk.bytes(file);
        if (bytes.length < 2 * BLOCK_BYTES
                || !Arrays.equals(bytes, 0, BLOCK_BYTES, bytes, BLOCK_BYTES, 2 * BLOCK_BYTES)) {
            return null;
        }
        var at = random.nextInt(2) * BLOCK_BYTES + random.nextInt(200);
        damage(file, at);
        return new Damage(file + " at " + at, -1, volume -> true);
    }

    /// The newest of two: the one before and the log make up for it.
    private @Nullable Damage checkpoint() {
        var files = disk.files().keySet().stream()
                .filter(file -> file.startsWith("streams/") && file.endsWith(CHECKPOINT))
                .toList();
        if (files.size() < 2) {
            return null;
        }
        var size = disk.bytes(files.getLast()).length;
        damage(files.getLast(), random.nextInt(size));
        return new Damage(files.getLast(), -1, volume -> true);
    }

    private void damage(String file, int at) {
        if (loses) {
            disk.loseSector(file, at);
        } else {
            disk.rot(file, at, 1 << random.nextInt(8));
        }
    }
}
