package io.taffrail.simulation.crash;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.simulation.world.SimulatedDisk;
import io.taffrail.simulation.world.StandaloneProcess;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/// The enumeration finds what it is there to find: replacing a file is safe only with all three syncs.
class CrashImagesTest {
    private static final int BYTES = 1200;

    private static final class ReplaceFile implements CrashScenario {
        private final boolean forcesFile;
        private final boolean syncsDirectory;
        private boolean replaced;

        ReplaceFile(boolean forcesFile, boolean syncsDirectory) {
            this.forcesFile = forcesFile;
            this.syncsDirectory = syncsDirectory;
        }

        @Override
        public void prepare(StandaloneProcess process) throws IOException {
            write(process, "value", 1);
            process.directory().sync();
        }

        @Override
        public void act(StandaloneProcess process) throws IOException {
            write(process, "value.new", 2);
            process.directory().rename("value.new", "value");
            if (syncsDirectory) {
                process.directory().sync();
            }
            replaced = true;
            process.life().effect("replaced");
        }

        private void write(StandaloneProcess process, String name, int value) throws IOException {
            var bytes = new byte[BYTES];
            Arrays.fill(bytes, (byte) value);
            try (var file = process.directory().create(name, 0)) {
                file.write(ByteBuffer.wrap(bytes), 0);
                if (forcesFile || value == 1) {
                    file.force();
                }
            }
        }

        @Override
        public void verify(SimulatedDisk image) {
            var bytes = image.bytes("value");
            assertEquals(BYTES, bytes.length);
            for (var each : bytes) {
                assertEquals(bytes[0], each);
            }
            assertTrue(bytes[0] == 2 || !replaced, "replaced, and the old value is back");
        }

        @Override
        public long promised() {
            return replaced ? 1 : 0;
        }
    }

    private static CrashImages.Report explore(boolean forcesFile, boolean syncsDirectory) throws Exception {
        return new CrashImages(SimulatedDisk.Geometry.DEFAULT, 1000, () -> new ReplaceFile(forcesFile, syncsDirectory))
                .explore();
    }

    @Test
    void passesACarefulReplacement() throws Exception {
        var report = explore(true, true);
        assertEquals(report.crashPoints(), report.exhaustivePoints());
        assertTrue(report.distinct() > 10, report::toString);
    }

    @Test
    void findsAForgottenForce() {
        assertThrows(AssertionError.class, () -> explore(false, true));
    }

    @Test
    void findsAForgottenDirectorySync() {
        assertThrows(AssertionError.class, () -> explore(true, false));
    }
}
