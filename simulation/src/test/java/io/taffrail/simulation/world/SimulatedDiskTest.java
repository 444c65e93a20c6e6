package io.taffrail.simulation.world;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.taffrail.wal.io.IoRequest;
import io.taffrail.wal.io.LogFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SimulatedDiskTest {
    private static final Choices LOSE_ALL = options -> 0;
    private static final Choices KEEP_ALL = options -> options - 1;

    private final SimulatedDisk disk = new SimulatedDisk(SimulatedDisk.Geometry.DEFAULT);
    private SimulatedLogDirectory directory = mount();

    private SimulatedLogDirectory mount() {
        return disk.mount(new ProcessLife("test"), SimulatedDisk.BlockingTime.FREE, LOSE_ALL);
    }

    @Test
    void forgetsAFileWhoseDirectoryWasNotSynced() throws IOException {
        directory.create("a", 512).force();
        disk.losePower(LOSE_ALL);
        assertEquals(List.of(), mount().list());
    }

    @Test
    void keepsOfAFileWhatWasForced() throws IOException {
        var file = directory.create("a", 0);
        file.write(filled(1, 700), 0);
        file.force();
        directory.sync();
        file.write(filled(2, 700), 300);
        disk.losePower(LOSE_ALL);
        assertArrayEquals(filled(1, 700).array(), disk.bytes("a"));
    }

    @Test
    void keepsNothingOfAnUnforcedFileButItsName() throws IOException {
        directory.create("a", 512);
        directory.sync();
        disk.losePower(LOSE_ALL);
        assertArrayEquals(new byte[0], disk.bytes("a"));
    }

    @Test
    void leavesAnySubsetOfUnsyncedSectors() throws IOException {
        var file = directory.create("a", 3 * 512);
        file.force();
        directory.sync();
        file.write(filled(1, 3 * 512), 0);
        var seen = new TreeSet<String>();
        var random = new SplittableRandom(1);
        for (var i = 0; i < 200; i++) {
            var copy = disk.copy();
            copy.losePower(Choices.random(random));
            var bytes = copy.bytes("a");
            seen.add("" + bytes[0] + bytes[512] + bytes[1024]);
        }
        assertEquals(8, seen.size());
    }

    @Test
    void keepsThePageCacheWhenOnlyTheProcessDies() throws IOException {
        var file = directory.create("a", 512);
        file.write(filled(1, 512), 0);
        disk.processEnded(LOSE_ALL);
        assertArrayEquals(filled(1, 512).array(), disk.bytes("a"));
    }

    @Test
    void undoesARenameThatWasNotSynced() throws IOException {
        write("a", 1);
        write("b", 2);
        directory.sync();
        directory.rename("b", "a");
        var lost = disk.copy();
        lost.losePower(LOSE_ALL);
        assertArrayEquals(filled(1, 10).array(), lost.bytes("a"));
        disk.losePower(KEEP_ALL);
        assertArrayEquals(filled(2, 10).array(), disk.bytes("a"));
        assertEquals(List.of("a"), mount().list());
    }

    @Test
    void losesWhatAFailedForceShouldHaveKept() throws IOException {
        var file = write("a", 1);
        directory.sync();
        disk.behaviour(new FailingSync());
        file.write(filled(2, 10), 0);
        assertThrows(IOException.class, file::force);
        disk.behaviour(DiskBehaviour.STEADY);
        // The pages count as clean now, so a second force succeeds and keeps nothing.
        file.force();
        assertArrayEquals(filled(2, 10).array(), disk.bytes("a"));
        disk.losePower(LOSE_ALL);
        assertArrayEquals(filled(1, 10).array(), disk.bytes("a"));
    }

    @Test
    void aSyncCoversOnlyWritesThatCompletedBeforeItWasSubmitted() throws IOException {
        var world = new StandaloneProcess(7);
        directory = disk(world);
        var file = directory.create("a", 1024);
        file.force();
        directory.sync();
        var done = new ArrayList<String>();
        world.io().submit(new IoRequest.Sync(file, result -> done.add("sync")));
        world.io().submit(new IoRequest.Write(file, filled(3, 512), 0, false, result -> done.add("write")));
        world.waitFor(() -> done.size() == 2);
        world.disk().losePower(LOSE_ALL);
        assertEquals(0, world.disk().bytes("a")[0]);
    }

    @Test
    void aDurableWriteSurvivesOnceItCompleted() throws IOException {
        var world = new StandaloneProcess(7);
        directory = disk(world);
        var file = directory.create("a", 1024);
        file.force();
        directory.sync();
        var done = new ArrayList<String>();
        world.io().submit(new IoRequest.Write(file, filled(3, 512), 512, true, result -> done.add("write")));
        world.waitFor(() -> done.size() == 1);
        world.disk().losePower(LOSE_ALL);
        assertEquals(3, world.disk().bytes("a")[512]);
    }

    @Test
    void refusesToGrowBeyondItsCapacity() throws IOException {
        disk.occupy(disk.freeBytes() - 1000);
        var file = directory.create("a", 800);
        assertThrows(IOException.class, () -> directory.create("b", 300));
        assertThrows(IOException.class, () -> file.write(filled(1, 300), 800));
    }

    private static SimulatedLogDirectory disk(StandaloneProcess world) {
        return world.directory();
    }

    private LogFile write(String name, int value) throws IOException {
        var file = directory.create(name, 0);
        file.write(filled(value, 10), 0);
        file.force();
        return file;
    }

    private static ByteBuffer filled(int value, int count) {
        var bytes = new byte[count];
        Arrays.fill(bytes, (byte) value);
        return ByteBuffer.wrap(bytes);
    }

    private static final class FailingSync implements DiskBehaviour {
        @Override
        public long latencyNanos(Operation operation, int bytes) {
            return 0;
        }

        @Override
        public @Nullable Failure failure(Operation operation, String file) {
            return operation == Operation.SYNC ? Failure.IO_ERROR : null;
        }
    }
}
