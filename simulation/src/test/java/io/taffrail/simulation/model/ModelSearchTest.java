package io.taffrail.simulation.model;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.simulation.model.ModelSearch.Start;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Every rule is needed: without it the search finds what breaks. With all of them it finds nothing in
/// `-Dstates=N` states of each configuration.
class ModelSearchTest {
    private static final long ENOUGH_FOR_A_SWITCH = 3_000_000;

    /// A switch, where the search begins, how far it goes, and the invariant that has to break.
    static Stream<Arguments> switches() {
        return Stream.of(
                Arguments.of(
                        KillSwitch.AMNESIA, Start.LED, Bounds.of(2, 1, 1, true).disksAtOnce(false, true), "I10"),
                Arguments.of(
                        KillSwitch.NEW_EPOCH_AFTER_RESTART,
                        Start.LED,
                        Bounds.of(1, 2, 1, true).disksAtOnce(false, true),
                        "I1:"),
                Arguments.of(
                        KillSwitch.ORDER_BY_LAST_ENTRY,
                        Start.LED,
                        Bounds.of(3, 1, 0, false).disksAtOnce(true, true),
                        "I11"),
                Arguments.of(
                        KillSwitch.DURABLE_PROMISE,
                        Start.LED,
                        Bounds.of(2, 1, 1, false).disksAtOnce(true, true),
                        "I1:"),
                Arguments.of(
                        KillSwitch.INCARNATION_OF_ACKNOWLEDGEMENTS,
                        Start.LED,
                        Bounds.of(1, 1, 1, true).disksAtOnce(false, true),
                        "node 0: node 1: acknowledges 30, flushed 20,"),
                Arguments.of(
                        KillSwitch.DECLARED_LOSS,
                        Start.LED,
                        Bounds.of(2, 1, 2, true).disksAtOnce(false, true).goesOnWithoutAmnesic(),
                        "I10"),
                Arguments.of(
                        KillSwitch.BARRIER,
                        Start.OVERTAKEN,
                        Bounds.of(4, 1, 0, false).disksAtOnce(true, true).frames(1),
                        "I11"),
                Arguments.of(
                        KillSwitch.SUSPECT,
                        Start.LED,
                        Bounds.of(2, 1, 0, false).disksAtOnce(true, true).damages(1),
                        "I11"),
                Arguments.of(
                        KillSwitch.CHANGE_AFTER_OWN_ENTRY,
                        Start.DIVIDED,
                        Bounds.of(3, 0, 0, false).disksAtOnce(true, true).changes(1),
                        "I11"),
                Arguments.of(
                        KillSwitch.ONE_CHANGE_AT_A_TIME,
                        Start.LED,
                        Bounds.of(2, 0, 0, false).disksAtOnce(true, true).changes(2),
                        "I11"));
    }

    @ParameterizedTest
    @MethodSource("switches")
    void findsWhatBreaksWithoutTheRule(KillSwitch off, Start from, Bounds bounds, String invariant) {
        var result = ModelSearch.run(from, bounds, off, ENOUGH_FOR_A_SWITCH);
        var violation = result.violation();
        assertNotNull(violation, () -> "%s off, and nothing was found: %s".formatted(off, result));
        System.out.printf("%s off: %s steps, %s%n%s%n%n", off, result.steps(), result, result.trace());
        assertTrue(violation.startsWith(invariant), violation);
    }

    static Stream<Arguments> configurations() {
        return Stream.of(
                Arguments.of(Start.LED, Bounds.of(2, 1, 1, true)),
                Arguments.of(Start.LED, Bounds.of(3, 2, 2, true).disksAtOnce(false, true)),
                Arguments.of(Start.LED, Bounds.of(2, 1, 2, true).goesOnWithoutAmnesic()),
                Arguments.of(Start.LED, Bounds.of(3, 2, 1, false)),
                Arguments.of(
                        Start.OVERTAKEN,
                        Bounds.of(4, 1, 0, false).disksAtOnce(true, true).frames(1)),
                Arguments.of(
                        Start.LED,
                        Bounds.of(3, 1, 1, false).disksAtOnce(true, true).damages(1)),
                Arguments.of(
                        Start.LEARNING,
                        Bounds.of(2, 1, 0, false).disksAtOnce(true, true).changes(2)),
                Arguments.of(
                        Start.DIVIDED,
                        Bounds.of(3, 0, 0, false).disksAtOnce(true, true).changes(1)));
    }

    @ParameterizedTest
    @MethodSource("configurations")
    void findsNothingWithEveryRule(Start from, Bounds bounds) {
        // Four replicas have more messages under way, and each state of them takes more of the heap.
        var fewer = bounds.damages() + bounds.changes() > 0;
        var states = Long.getLong("states", fewer ? 2_000_000 : 2_500_000);
        var result = ModelSearch.run(from, bounds, null, states);
        System.out.printf("%s %s: %s%n", from, bounds, result);
        assertNull(result.violation(), () -> "%s steps%n%s".formatted(result.steps(), result.trace()));
    }
}
