package io.taffrail.simulation;

import io.taffrail.replication.codec.ReplicaMeta;
import io.taffrail.simulation.world.Choices;
import io.taffrail.simulation.world.ProcessLife;
import io.taffrail.simulation.world.SimulatedDisk;
import io.taffrail.wal.segment.Recovery;
import io.taffrail.wal.segment.SegmentTable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// What a volume itself says, read beside the process that uses it.
final class VolumeWitness {
    private static final int SLOT_BYTES = 4096;
    private static final int SLOT_HEADER_BYTES = 32;

    private VolumeWitness() {}

    /// How far the log was flushed when `meta` was written last; 0: it was never written.
    static long durableHintLsn(SimulatedDisk disk) {
        if (!disk.files().containsKey("meta")) {
            return 0;
        }
        var bytes = ByteBuffer.wrap(disk.bytes("meta")).order(ByteOrder.LITTLE_ENDIAN);
        var newest = 0L;
        var hint = 0L;
        for (var at = 0; at + SLOT_BYTES <= bytes.capacity(); at += SLOT_BYTES) {
            var crc = new CRC32C();
            crc.update(bytes.slice(at + 8, SLOT_BYTES - 8));
            if ((int) crc.getValue() == bytes.getInt(at + 4) && bytes.getLong(at + 8) > newest) {
                newest = bytes.getLong(at + 8);
                hint = ReplicaMeta.decode(bytes.slice(at + SLOT_HEADER_BYTES, bytes.getInt(at + 16)))
                        .durableHint()
                        .lsn();
            }
        }
        return hint;
    }

    /// I25: what recovery found behind the log's end, it has made zero. Null: so it is.
    static @Nullable String behindTheEnd(SimulatedDisk disk) {
        var copy = disk.copy();
        var life = new ProcessLife("witness");
        try {
            var log = copy.mount(life, SimulatedDisk.BlockingTime.FREE, Choices.random(new SplittableRandom(1)))
                    .subdirectory("log");
            var found = Recovery.dryRun(log, (header, payload) -> {}).run(new SegmentTable());
            return found.ending() == Recovery.Ending.CLEAN ? null : found.ending() + ", " + found.detail();
        } catch (IOException e) {
            return "the log cannot be read: " + e;
        } finally {
            life.end();
        }
    }
}
