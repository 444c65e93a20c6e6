package io.taffrail.simulation.crash;

import io.taffrail.simulation.world.Choices;
import io.taffrail.simulation.world.ProcessEnded;
import io.taffrail.simulation.world.SimulatedDisk;
import io.taffrail.simulation.world.StandaloneProcess;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.Supplier;

/// Cuts a scenario short at each of its effects and recovers from every image that power loss, or the death of the
/// process alone, may leave. Where one crash point has more than `imagesAPoint` images the extremes are tried
/// (nothing kept, all kept, one thing lost, one thing kept) and then a random sample.
public final class CrashImages {
    /// @param crashPoints effects of the scenario
    /// @param images legal images that were built
    /// @param distinct of those, the ones that were different and were recovered
    /// @param exhaustivePoints crash points all of whose images were built
    public record Report(int crashPoints, int exhaustivePoints, long images, long distinct) {
        @Override
        public String toString() {
            return "%s crash points (%s exhaustively), %s images, %s distinct ones recovered"
                    .formatted(crashPoints, exhaustivePoints, images, distinct);
        }
    }

    private final SimulatedDisk.Geometry geometry;
    private final int imagesAPoint;
    private final Supplier<CrashScenario> scenarios;
    private final TreeSet<String> tried = new TreeSet<>();
    private long images;
    private int exhaustivePoints;

    public CrashImages(SimulatedDisk.Geometry geometry, int imagesAPoint, Supplier<CrashScenario> scenarios) {
        this.geometry = geometry;
        this.imagesAPoint = imagesAPoint;
        this.scenarios = scenarios;
    }

    public Report explore() throws Exception {
        var point = 0;
        var finished = false;
        while (!finished) {
            point++;
            var disk = new SimulatedDisk(geometry);
            var process = new StandaloneProcess(1, disk);
            var scenario = scenarios.get();
            scenario.prepare(process);
            var powerLoss = scenario.powerLossBefore();
            if (powerLoss != null) {
                process.life().end();
                disk.losePower(powerLoss);
                process = new StandaloneProcess(2, disk);
            }
            process.life().endAfterEffects(point);
            try {
                scenario.act(process);
                finished = true;
            } catch (ProcessEnded expected) {
                // Died at the point that was asked for.
            }
            process.life().end();
            crashHere(scenario, disk, point);
        }
        return new Report(point, exhaustivePoints, images, tried.size());
    }

    private void crashHere(CrashScenario scenario, SimulatedDisk disk, int point) throws Exception {
        var every = new EveryChoice();
        tryProcessDeath(scenario, disk, point);
        tryImage(scenario, disk, every, point);
        // A file whose entry is kept asks about its sectors too, so the first path's count is not the last word.
        var built = 1;
        while (every.combinations() <= imagesAPoint && built <= imagesAPoint) {
            if (!every.advance()) {
                exhaustivePoints++;
                return;
            }
            tryImage(scenario, disk, every, point);
            built++;
        }
        var everything = new AllBut(-1, true);
        tryImage(scenario, disk, everything, point);
        var questions = everything.asked;
        // With few images to spend, other single exceptions are tried at each point.
        var step = Math.max(1, 4 * questions / imagesAPoint);
        var spent = 2;
        for (var question = point % step; question < questions; question += step) {
            tryImage(scenario, disk, new AllBut(question, true), point);
            tryImage(scenario, disk, new AllBut(question, false), point);
            spent += 2;
        }
        var random = new SplittableRandom(point);
        for (; spent < imagesAPoint; spent++) {
            // Dense, sparse and balanced images alike.
            var density = random.nextDouble();
            tryImage(
                    scenario,
                    disk,
                    options -> random.nextDouble() < density ? 1 + random.nextInt(options - 1) : 0,
                    point);
        }
    }

    private static final class AllBut implements Choices {
        private final int exception;
        private final boolean keepOthers;
        private int asked;

        AllBut(int exception, boolean keepOthers) {
            this.exception = exception;
            this.keepOthers = keepOthers;
        }

        @Override
        public int pick(int options) {
            return (asked++ == exception) != keepOthers ? options - 1 : 0;
        }
    }

    private void tryProcessDeath(CrashScenario scenario, SimulatedDisk disk, int point) throws Exception {
        for (Choices choices : new Choices[] {options -> 0, options -> options - 1}) {
            var image = disk.copy();
            image.processEnded(choices);
            recover(scenario, image, point, "process death");
        }
    }

    private void tryImage(CrashScenario scenario, SimulatedDisk disk, Choices choices, int point) throws Exception {
        var image = disk.copy();
        image.losePower(choices);
        recover(scenario, image, point, "power loss");
    }

    private void recover(CrashScenario scenario, SimulatedDisk image, int point, String how) throws Exception {
        images++;
        if (tried.add(scenario.promised() + "/" + image.fingerprint())) {
            try {
                scenario.verify(image);
            } catch (RuntimeException | AssertionError broken) {
                throw new AssertionError(
                        "crash point %s, image %s (%s): %s%n%s".formatted(point, images, how, broken, image.describe()),
                        broken);
            }
        }
    }
}
