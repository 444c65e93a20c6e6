package io.taffrail.simulation.crash;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.simulation.world.SimulatedDisk;
import io.taffrail.simulation.world.StandaloneProcess;
import io.taffrail.streams.StreamStore;
import io.taffrail.streams.StreamStoreConfig;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Whatever a crash leaves of checkpoints and index files while they are written, merged, replaced, pruned after a
/// trim, or discarded because the log was cut: a checkpoint that is used is whole, the log that was said not to be
/// needed is not needed, and what the log says from there on gives the state that it gives without any file.
class CrashImagesOfACheckpointTest {
    private static final int IMAGES_A_POINT = Integer.getInteger("images", 20);
    /// Going on costs a second life, so not every image is put through it.
    private static final int GO_ON_EVERY = 7;

    private static final int BEFORE = 120;
    private static final int CUT = 90;

    private static StreamStore withoutFiles() {
        var never = StreamStoreConfig.DEFAULTS;
        return StreamStore.open(new StandaloneProcess(9).directory(), Runnable::run, never);
    }

    private static final StreamHistory HISTORY = StreamHistory.of(BEFORE + 100, 1, withoutFiles());
    private static final StreamHistory OTHER = StreamHistory.after(HISTORY, CUT, 100, 2, withoutFiles());

    private abstract static class Scenario implements CrashScenario {
        StreamHistory history = HISTORY;
        int logged;
        long neededLsn;
        private int verified;

        final void applyTo(StreamStore store, int count) {
            while (logged < count) {
                history.apply(store, logged, logged + 1);
                logged++;
                store.checkpointIfDue(history.endLsn(logged));
                neededLsn = Math.max(neededLsn, store.neededLsn());
            }
        }

        @Override
        public void verify(SimulatedDisk image) {
            var reference = withoutFiles();
            history.apply(reference, 0, logged);
            var needed = open(image, reference, neededLsn);
            // A file that the death of the process left may be gone after a power loss, and what it stood for not.
            image.losePower(options -> 0);
            open(image, reference, Math.max(neededLsn, needed));
            if (verified++ % GO_ON_EVERY == 0) {
                image.losePower(options -> 0);
                goOn(image, reference);
            }
        }

        /// Returns from where on the log is needed, as a replica that starts here is told.
        private long open(SimulatedDisk image, StreamStore reference, long logBeginsAt) {
            var process = new StandaloneProcess(2, image);
            var store = StreamStore.open(process.directory(), Runnable::run, StreamHistory.SMALL);
            // As a replica does when it has read its log: what is above its end is another history's.
            store.truncated(history.endLsn(logged));
            var restored = store.appliedLsn();
            assertTrue(
                    restored >= logBeginsAt, "goes on from %s, the log begins at %s".formatted(restored, logBeginsAt));
            var needed = store.neededLsn();
            history.replay(store, logged);
            assertSame(reference, store);
            process.life().end();
            return needed;
        }

        private static void assertSame(StreamStore reference, StreamStore store) {
            assertEquals(reference.digest(), store.digest());
            assertEquals(reference.appliedChainCrc(), store.appliedChainCrc());
            assertEquals(StreamHistory.places(reference), StreamHistory.places(store));
            assertEquals(List.of(), store.findings());
        }

        /// Into the next checkpoints and a clean end: files that the crash left are in nobody's way.
        private void goOn(SimulatedDisk image, StreamStore reference) {
            var process = new StandaloneProcess(3, image);
            var store = StreamStore.open(process.directory(), Runnable::run, StreamHistory.SMALL);
            store.truncated(history.endLsn(logged));
            history.replay(store, logged);
            for (var next = logged; next < history.size(); next++) {
                history.apply(store, next, next + 1);
                store.checkpointIfDue(history.endLsn(next + 1));
            }
            process.life().end();
            history.apply(reference, logged, history.size());
            image.losePower(options -> 0);
            var last = new StandaloneProcess(4, image);
            var restarted = StreamStore.open(last.directory(), Runnable::run, StreamHistory.SMALL);
            assertTrue(restarted.appliedLsn() > history.endLsn(logged) || logged == history.size());
            history.replay(restarted, history.size());
            assertSame(reference, restarted);
            last.life().end();
        }

        @Override
        public long promised() {
            return neededLsn * 1_000_003 + logged + (history.equals(HISTORY) ? 0 : 1L << 40);
        }
    }

    private static void explore(String what, SimulatedDisk.Geometry geometry, Supplier<CrashScenario> scenario)
            throws Exception {
        var report = new CrashImages(geometry, IMAGES_A_POINT, scenario).explore();
        System.out.println(what + ", " + geometry + ": " + report);
    }

    @ParameterizedTest
    @MethodSource("io.taffrail.simulation.crash.CrashImagesOfTheLogTest#geometries")
    void theFirstCheckpointIsThereOrNot(SimulatedDisk.Geometry geometry) throws Exception {
        explore("first checkpoints", geometry, () -> new Scenario() {
            @Override
            public void prepare(StandaloneProcess process) {
                // The first start is what is cut short.
            }

            @Override
            public void act(StandaloneProcess process) {
                applyTo(StreamStore.open(process.directory(), Runnable::run, StreamHistory.SMALL), 60);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("io.taffrail.simulation.crash.CrashImagesOfTheLogTest#geometries")
    void aCheckpointReplacesOlderOnesAndTheirIndexFiles(SimulatedDisk.Geometry geometry) throws Exception {
        explore("later checkpoints", geometry, () -> new Scenario() {
            private StreamStore store = withoutFiles();

            @Override
            public void prepare(StandaloneProcess process) {
                store = StreamStore.open(process.directory(), Runnable::run, StreamHistory.SMALL);
                applyTo(store, BEFORE);
            }

            @Override
            public void act(StandaloneProcess process) {
                applyTo(store, BEFORE + 60);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("io.taffrail.simulation.crash.CrashImagesOfTheLogTest#geometries")
    void aCutOfTheLogTakesTheCheckpointsAboveItAlong(SimulatedDisk.Geometry geometry) throws Exception {
        explore("checkpoints of a log that is cut", geometry, () -> new Scenario() {
            private StreamStore store = withoutFiles();

            @Override
            public void prepare(StandaloneProcess process) {
                store = StreamStore.open(process.directory(), Runnable::run, StreamHistory.SMALL);
                applyTo(store, BEFORE);
                // A log that may still be cut is not trimmed up to checkpoints that a cut would take.
                neededLsn = 0;
            }

            @Override
            public void act(StandaloneProcess process) {
                // The log is cut first, and durably; then the streams hear of it.
                logged = CUT;
                store.truncated(HISTORY.endLsn(CUT));
                history = OTHER;
                history.replay(store, CUT);
                applyTo(store, CUT + 60);
            }
        });
    }
}
