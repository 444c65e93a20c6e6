package io.taffrail.simulation;

import io.taffrail.replication.codec.ReplicaMeta;
import io.taffrail.simulation.check.SaidIsDurable;
import io.taffrail.simulation.world.Choices;
import io.taffrail.simulation.world.ProcessLife;
import io.taffrail.simulation.world.SimulatedDisk;
import io.taffrail.streams.StreamStore;
import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.segment.Recovery;
import io.taffrail.wal.segment.SegmentTable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// What a volume itself says, read beside the process that uses it.
final class VolumeWitness implements SaidIsDurable.Volume {
    private static final int SLOT_BYTES = 4096;
    private static final int SLOT_HEADER_BYTES = 32;

    private static final String META = "meta";
    private static final String STREAMS = "streams/";
    private static final String CHECKPOINT = ".checkpoint";

    private final SimulatedDisk disk;
    private long metaChanges = -1;
    private @Nullable ReplicaMeta meta;

    /// Looks at the volume again and again.
    VolumeWitness(SimulatedDisk disk) {
        this.disk = disk;
    }

    @Override
    public @Nullable ReplicaMeta meta() {
        if (disk.exists(META) && disk.durableChanges(META) != metaChanges) {
            metaChanges = disk.durableChanges(META);
            meta = newest(disk.durableBytes(META));
        }
        return meta;
    }

    @Override
    public long logEndLsn() {
        return read(disk.certain(), VolumeWitness::recovered).end().lsn();
    }

    /// Whether every byte of the log can be read up to `endLsn`, which was flushed; also of a volume that is in use.
    static boolean isWhole(SimulatedDisk disk, long endLsn) {
        var found = read(disk.copy(), VolumeWitness::recovered);
        return found.ending() != Recovery.Ending.CORRUPT && found.end().lsn() >= endLsn;
    }

    private static Recovery.Recovered recovered(LogDirectory volume) throws IOException {
        return Recovery.dryRun(volume.subdirectory("log"), (header, payload) -> {})
                .run(new SegmentTable());
    }

    private interface Reading<T> {
        T of(LogDirectory volume) throws IOException;
    }

    private static <T> T read(SimulatedDisk copy, Reading<T> reading) {
        var life = new ProcessLife("witness");
        try {
            return reading.of(
                    copy.mount(life, SimulatedDisk.BlockingTime.FREE, Choices.random(new SplittableRandom(1))));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            life.end();
        }
    }

    /// As the next process reads it, though a power loss may take that back; null: it was never written.
    static @Nullable ReplicaMeta metaAsRead(SimulatedDisk disk) {
        return disk.exists(META) ? newest(disk.bytes(META)) : null;
    }

    /// How far the log was flushed when `meta` was written last; 0: it was never written.
    static long durableHintLsn(SimulatedDisk disk) {
        var meta = metaAsRead(disk);
        return meta == null ? 0 : meta.durableHint().lsn();
    }

    /// Its replica knew that the log is not what it was.
    static boolean saysSuspect(SimulatedDisk disk) {
        var meta = metaAsRead(disk);
        return meta != null && meta.hard().suspect();
    }

    /// What the newest checkpoint of the streams covers that can be read, so it had been flushed; 0: there is none.
    static long checkpointLsn(SimulatedDisk disk) {
        var names = disk.files().keySet().stream()
                .filter(file -> file.startsWith(STREAMS) && file.endsWith(CHECKPOINT))
                .map(file -> file.substring(STREAMS.length()))
                .sorted(Comparator.reverseOrder())
                .toList();
        if (names.isEmpty()) {
            return 0;
        }
        return read(disk.copy(), volume -> {
            var folder = volume.subdirectory("streams");
            for (var name : names) {
                if (StreamStore.damageOf(folder, name, "") == null) {
                    return Long.parseLong(name.substring(0, name.length() - CHECKPOINT.length()), 16);
                }
            }
            return 0L;
        });
    }

    private static @Nullable ReplicaMeta newest(byte[] slots) {
        var bytes = ByteBuffer.wrap(slots).order(ByteOrder.LITTLE_ENDIAN);
        var newest = 0L;
        ReplicaMeta meta = null;
        for (var at = 0; at + SLOT_BYTES <= bytes.capacity(); at += SLOT_BYTES) {
            var crc = new CRC32C();
            crc.update(bytes.slice(at + 8, SLOT_BYTES - 8));
            if ((int) crc.getValue() == bytes.getInt(at + 4) && bytes.getLong(at + 8) > newest) {
                newest = bytes.getLong(at + 8);
                meta = ReplicaMeta.decode(bytes.slice(at + SLOT_HEADER_BYTES, bytes.getInt(at + 16)));
            }
        }
        return meta;
    }

    /// I25: what recovery found behind the log's end, it has made zero. Null: so it is.
    static @Nullable String behindTheEnd(SimulatedDisk disk) {
        try {
            var found = read(disk.copy(), VolumeWitness::recovered);
            return found.ending() == Recovery.Ending.CLEAN ? null : found.ending() + ", " + found.detail();
        } catch (UncheckedIOException e) {
            return "the log cannot be read: " + e.getCause();
        }
    }
}
