package io.taffrail.simulation;

import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// A cluster keeps its promises whatever the seed breaks. `-Dseeds=N` runs more of them, `-Dseed=S` replays one.
class SeedsTest {
    static LongStream seeds() {
        var one = Long.getLong("seed");
        return one != null
                ? LongStream.of(one)
                : LongStream.range(0, Integer.getInteger("seeds", 20))
                        .map(index -> index + Long.getLong("firstSeed", 1));
    }

    /// What they found is told in the README. Each is another run once the code has changed enough.
    @ParameterizedTest
    @ValueSource(
            longs = {
                6012500314L,
                1029421021,
                1029421973,
                1029421482,
                545171171,
                545170389,
                882180939,
                882181064,
                990200155L,
                7017020252L,
                7017021313L,
                9773171008L,
                31000004489L,
                32000001343L,
                32000003931L,
                32000005065L,
                34000001385L,
                35000000510L,
                35000000920L,
                38000002629L,
                38000003573L,
                38000004856L,
                38000004931L,
                38000007548L,
                39900000650L,
                42000001399L,
                43000011687L,
                44000003022L
            })
    void keepsThePromisesThatItOnceFoundBroken(long seed) {
        keepsEveryPromise(seed);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void keepsEveryPromise(long seed) {
        var result = Simulation.run(SimulationOptions.ofProperties(seed));
        assertNull(
                result.violation(),
                () -> FailureReport.of(result, 100)
                        + FailureReport.shrunk(Shrinker.shrink(result, Simulation::run, 40)));
    }
}
