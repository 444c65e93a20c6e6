package io.taffrail.simulation.crash;

import io.taffrail.simulation.world.Choices;
import io.taffrail.simulation.world.SimulatedDisk;
import io.taffrail.simulation.world.StandaloneProcess;
import io.taffrail.wal.Wal;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Whatever a crash leaves of a flush, a roll to the next segment, a recovery or a truncation: every flushed entry
/// is there, the rest is a prefix, nothing else is ever taken for an entry.
class CrashImagesOfTheLogTest {
    private static final int IMAGES_A_POINT = Integer.getInteger("images", 200);
    /// Going on after a recovery costs four more of them, so not every image is put through it.
    private static final int GO_ON_EVERY = 5;

    public static Stream<SimulatedDisk.Geometry> geometries() {
        return Stream.of(
                new SimulatedDisk.Geometry(512, 1, 1L << 30, false),
                new SimulatedDisk.Geometry(512, 4096, 1L << 30, true),
                new SimulatedDisk.Geometry(4096, 4096, 1L << 30, false));
    }

    private abstract static class LogScenario implements CrashScenario {
        private int verified;
        final LoggedEntries log = new LoggedEntries(LoggedEntries.CONFIG);

        @SuppressWarnings("NullAway.Init")
        Wal wal;

        @Override
        public void prepare(StandaloneProcess process) {
            wal = log.open(process);
            log.append(wal, 300, 1);
            log.append(wal, 100, 1);
            log.flush(process, wal);
        }

        boolean goesOn() {
            return verified++ % GO_ON_EVERY == 0;
        }

        @Override
        public void verify(SimulatedDisk image) {
            LoggedEntries.verify(LoggedEntries.CONFIG, image, log.appended(), log.flushedLsn(), goesOn());
        }

        @Override
        public long promised() {
            return log.flushedLsn() * 1_000_003 + log.endLsn();
        }
    }

    private static void explore(
            String what, SimulatedDisk.Geometry geometry, java.util.function.Supplier<CrashScenario> s)
            throws Exception {
        var report = new CrashImages(geometry, IMAGES_A_POINT, s).explore();
        System.out.println(what + ", " + geometry + ": " + report);
    }

    @ParameterizedTest
    @MethodSource("geometries")
    void aNewLogIsThereOrNot(SimulatedDisk.Geometry geometry) throws Exception {
        explore("new log", geometry, () -> new LogScenario() {
            @Override
            public void prepare(StandaloneProcess process) {
                // The first start is what is cut short.
            }

            @Override
            public void act(StandaloneProcess process) {
                super.prepare(process);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("geometries")
    void aFlushKeepsWhatItReported(SimulatedDisk.Geometry geometry) throws Exception {
        explore("flush", geometry, () -> new LogScenario() {
            @Override
            public void act(StandaloneProcess process) {
                log.append(wal, 200, 1);
                log.flush(process, wal);
                log.append(wal, 3000, 1);
                log.append(wal, 900, 2);
                log.flush(process, wal);
                log.append(wal, 60, 2);
                log.flush(process, wal);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("geometries")
    void rollingToTheNextSegmentLosesNothing(SimulatedDisk.Geometry geometry) throws Exception {
        explore("roll", geometry, () -> new LogScenario() {
            @Override
            public void act(StandaloneProcess process) {
                for (var i = 0; i < 12; i++) {
                    log.append(wal, 2500, 1);
                    if (i % 3 == 2) {
                        log.flush(process, wal);
                    }
                }
                log.flush(process, wal);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("geometries")
    void closingFlushes(SimulatedDisk.Geometry geometry) throws Exception {
        explore("close", geometry, () -> new LogScenario() {
            private boolean closed;

            @Override
            public void act(StandaloneProcess process) {
                log.append(wal, 1000, 1);
                wal.close();
                closed = true;
                process.life().effect("closed");
            }

            @Override
            public void verify(SimulatedDisk image) {
                LoggedEntries.verify(
                        LoggedEntries.CONFIG,
                        image,
                        log.appended(),
                        closed ? log.endLsn() : log.flushedLsn(),
                        goesOn());
            }

            @Override
            public long promised() {
                return super.promised() * 2 + (closed ? 1 : 0);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("geometries")
    void aTruncationNeverComesBackAndNeverTakesMore(SimulatedDisk.Geometry geometry) throws Exception {
        explore("truncation", geometry, () -> new LogScenario() {
            private List<LoggedEntries.Logged> before = new ArrayList<>();
            private long cutLsn;
            private boolean truncated;

            @Override
            public void prepare(StandaloneProcess process) {
                super.prepare(process);
                cutLsn = log.endLsn();
                for (var i = 0; i < 8; i++) {
                    log.append(wal, 2500, 1);
                    log.flush(process, wal);
                }
                before = log.appended();
            }

            @Override
            public void act(StandaloneProcess process) {
                wal.truncate(cutLsn);
                log.truncated(cutLsn);
                truncated = true;
                log.append(wal, 1500, 3);
                log.append(wal, 400, 3);
                log.flush(process, wal);
            }

            @Override
            public void verify(SimulatedDisk image) {
                LoggedEntries.verify(
                        LoggedEntries.CONFIG,
                        image,
                        truncated ? log.appended() : before,
                        truncated ? log.flushedLsn() : cutLsn,
                        goesOn());
            }

            @Override
            public long promised() {
                return super.promised() * 2 + (truncated ? 1 : 0);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("geometries")
    void aRecoveryThatIsCutShortCanBeRepeated(SimulatedDisk.Geometry geometry) throws Exception {
        Assumptions.assumeTrue(geometry.sectorBytes() == 512, "whole blocks are not torn");
        explore("recovery", geometry, () -> new LogScenario() {
            @Override
            public void prepare(StandaloneProcess process) {
                super.prepare(process);
                log.append(wal, 3000, 1);
                log.append(wal, 3000, 1);
                wal.requestFlush();
                wal.doWork(process.loop().nanoTime());
                process.scheduler().runUntil(process.scheduler().nowNanos() + 1_000_000);
            }

            @Override
            public Choices powerLossBefore() {
                // Every second sector of the flush is lost.
                var asked = new int[1];
                return options -> asked[0]++ % 2 == 0 ? 0 : options - 1;
            }

            @Override
            public void act(StandaloneProcess process) {
                wal = log.open(process);
            }
        });
    }
}
