package io.taffrail.simulation.crash;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.simulation.world.SimulatedDisk;
import io.taffrail.simulation.world.StandaloneProcess;
import io.taffrail.wal.SlotFile;
import java.nio.ByteBuffer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Whatever a crash leaves of a slot file, it holds the value whose write completed last, or one that was being
/// written after it.
class CrashImagesOfASlotFileTest {
    private static final String NAME = "meta";

    private static final class Replace implements CrashScenario {
        private long started;
        private long completed;
        private final int valueBytes;

        Replace(int valueBytes) {
            this.valueBytes = valueBytes;
        }

        @Override
        public void prepare(StandaloneProcess process) {
            // Creation is part of what is cut short.
        }

        @Override
        public void act(StandaloneProcess process) {
            var file = SlotFile.open(process.directory(), NAME, process.io());
            for (var value = 1; value <= 5; value++) {
                write(process, file, value);
            }
            file.close();
        }

        private void write(StandaloneProcess process, SlotFile file, long value) {
            started = value;
            file.write(value(value), failure -> {
                assertNull(failure);
                completed = Math.max(completed, value);
            });
            process.waitFor(() -> completed == value);
        }

        private ByteBuffer value(long value) {
            var bytes = ByteBuffer.allocate(valueBytes);
            for (var at = 0; at + 8 <= valueBytes; at += 8) {
                bytes.putLong(at, value);
            }
            return bytes;
        }

        @Override
        public void verify(SimulatedDisk image) {
            var found = open(image);
            image.losePower(options -> 0);
            assertTrue(found == open(image), "another value the second time");
            image.losePower(options -> 0);
            goOn(image);
        }

        /// The next value is kept too, whatever the crash left in the slots.
        private void goOn(SimulatedDisk image) {
            var startedBefore = started;
            var completedBefore = completed;
            var process = new StandaloneProcess(3, image);
            var file = SlotFile.open(process.directory(), NAME, process.io());
            started = 99;
            completed = 0;
            write(process, file, 99);
            process.life().end();
            image.losePower(options -> 0);
            assertTrue(open(image) == 99, "the value after the crash is lost");
            started = startedBefore;
            completed = completedBefore;
        }

        private long open(SimulatedDisk image) {
            var process = new StandaloneProcess(2, image);
            var value = SlotFile.open(process.directory(), NAME, process.io()).value();
            process.life().end();
            if (completed == 0 && value == null) {
                return 0;
            }
            assertNotNull(value);
            var first = value.getLong(value.position());
            assertTrue(first >= completed && first <= started, first + " of " + completed + ".." + started);
            assertTrue(value(first).equals(value), "a mixture of values");
            return first;
        }

        @Override
        public long promised() {
            return completed * 100 + started;
        }
    }

    @ParameterizedTest
    @MethodSource("io.taffrail.simulation.crash.CrashImagesOfTheLogTest#geometries")
    void holdsTheLastValueOrTheOneBeingWritten(SimulatedDisk.Geometry geometry) throws Exception {
        for (var valueBytes : new int[] {8, 1000, SlotFile.MAX_VALUE_BYTES / 8 * 8}) {
            var report = new CrashImages(geometry, Integer.getInteger("images", 40), () -> new Replace(valueBytes))
                    .explore();
            System.out.println("slot file of " + valueBytes + " bytes, " + geometry + ": " + report);
        }
    }
}
