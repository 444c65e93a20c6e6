package io.taffrail.operator.crd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.taffrail.operator.observe.SettingsValues;
import io.taffrail.operator.plan.Sight;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Whoever reads that a value is wrong must not have to look for it.
final class UnreadableFieldTest {
    private static final String SPAN = "a number of at most nine digits and us, ms, s, m or h, such as 10ms or 168h";
    private static final String SIZE = "a whole number of bytes, or of Ki, Mi, Gi, Ti, k, M, G or T, such as 20Gi";

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    writerDelay                 | writerDelay: soon
                    groupCommit.delay           | groupCommit: {delay: soon}
                    limits.replicationLag.age   | limits: {replicationLag: {age: soon}}
                    retention.age               | retention: {age: soon}
                    """)
    void aDurationIsToldWithItsFieldAndWhatIsAllowed(String field, String spec) {
        assertEquals("spec." + field + " is \"soon\": allowed is " + SPAN, refusal(spec));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    limits.pendingBytes         | limits: {pendingBytes: much}
                    limits.replicationLag.bytes | limits: {replicationLag: {bytes: much}}
                    retention.bytes             | retention: {bytes: much}
                    """)
    void aSizeIsToldWithItsFieldAndWhatIsAllowed(String field, String spec) {
        assertEquals("spec." + field + " is \"much\": allowed is " + SIZE, refusal(spec));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    retention: {bytes: 8388608Ti}    | spec.retention.bytes is "8388608Ti": allowed is at most 8388607Ti
                    retention: {age: 876001h}        | spec.retention.age is "876001h": allowed is at most 876000h; without it records are kept for ever
                    writerDelay: 99999999999999999ms | spec.writerDelay is "99999999999999999ms": allowed is {span}
                    """)
    void whatIsMoreThanANumberHoldsIsToldToo(String spec, String message) {
        assertEquals(message.replace("{span}", SPAN), refusal(spec));
    }

    @ParameterizedTest
    @CsvSource({"999999999h, 3599999996400000000", "1us, 1", "10s, 10000000"})
    void everyDurationOfTheSchemaFits(String span, long micros) {
        assertEquals(
                micros, SettingsValues.of(Sight.spec("writerDelay: " + span)).writerDelayMicros());
    }

    private static String refusal(String spec) {
        return String.valueOf(assertThrows(UnreadableFieldException.class, () -> SettingsValues.of(Sight.spec(spec)))
                .getMessage());
    }
}
