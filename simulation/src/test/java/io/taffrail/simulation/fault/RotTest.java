package io.taffrail.simulation.fault;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.simulation.world.ProcessLife;
import io.taffrail.simulation.world.SimulatedDisk;
import io.taffrail.wal.io.LogFile;
import io.taffrail.wal.segment.GroupHeader;
import io.taffrail.wal.segment.SegmentHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A log of two groups, of which the second says that the first was flushed.
class RotTest {
    private static final String SEGMENT = "log/0000000000000001.segment";
    private static final int BLOCK_BYTES = 4096;
    private static final int ENTRIES_BYTES = 100;

    private final SimulatedDisk disk = new SimulatedDisk(SimulatedDisk.Geometry.DEFAULT);
    private LogFile file;

    @BeforeEach
    void writeTheFirstGroup() throws IOException {
        var volume = disk.mount(new ProcessLife("test"), SimulatedDisk.BlockingTime.FREE, options -> 0);
        var log = volume.subdirectory("log");
        file = log.create("0000000000000001.segment", 4 * BLOCK_BYTES);
        var header = block();
        new SegmentHeader(4 * BLOCK_BYTES, 1, 0, 0, 0, 0, 0).write(header, 0);
        file.write(header, 0);
        file.write(group(0, 0), BLOCK_BYTES);
        file.force();
        log.sync();
        volume.sync();
        file.write(group(ENTRIES_BYTES, ENTRIES_BYTES), 2 * BLOCK_BYTES);
    }

    @Test
    void aWitnessMayBeInThePageCacheOnly() {
        var damage = spoilTheFirst();
        assertTrue(damage.witness().test(disk));
        disk.losePower(options -> 0);
        assertFalse(damage.witness().test(disk));
    }

    @Test
    void aDurableWitnessSurvivesAPowerLoss() throws IOException {
        file.force();
        var damage = spoilTheFirst();
        disk.losePower(options -> 0);
        assertTrue(damage.witness().test(disk));
    }

    @Test
    void aWitnessMayBeDamagedItself() throws IOException {
        file.force();
        var damage = spoilTheFirst();
        disk.rot(SEGMENT, 2 * BLOCK_BYTES + 8, 1);
        assertFalse(damage.witness().test(disk));
    }

    @Test
    void whatAPowerLossMayTakeIsNoWitnessWhereOneIsAskedFor() throws IOException {
        assertNull(new Rot(disk, new SplittableRandom(1), false).spoilLog());
        file.force();
        assertNotNull(new Rot(disk, new SplittableRandom(1), false).spoilLog());
    }

    /// Where it falls is drawn: on the second group, of which nothing tells, as often as not.
    private Rot.Damage spoilTheFirst() {
        for (var seed = 1; seed < 100; seed++) {
            var copy = disk.copy();
            var damage = new Rot(copy, new SplittableRandom(seed), false).inflict(false);
            if (damage != null && damage.lsn() == 0) {
                assertEquals(SEGMENT, damage.where().substring(0, SEGMENT.length()));
                return damage;
            }
        }
        throw new AssertionError("no draw in a hundred damages the first group");
    }

    private static ByteBuffer block() {
        return ByteBuffer.allocate(BLOCK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteBuffer group(long lsn, long syncedLsn) {
        var block = block();
        new GroupHeader(1, lsn, 0, syncedLsn, ENTRIES_BYTES, 1, 0).write(block, 0);
        return block;
    }
}
