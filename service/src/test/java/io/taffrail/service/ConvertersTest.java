package io.taffrail.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConvertersTest {
    @ParameterizedTest
    @CsvSource({"500us,PT0.0005S", "10ms,PT0.01S", "1s,PT1S", "5m,PT5M", "168h,PT168H", "7d,P7D"})
    void durationsNeedAUnit(String text, Duration duration) {
        assertEquals(duration, new DurationConverter().convert(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"10", "abc", "1 s x", "-1s", "1.5s", "ms", "999999999999999999999s"})
    void otherDurationsAreRefusedWithWhatIsAllowed(String text) {
        var refused = assertThrows(IllegalArgumentException.class, () -> new DurationConverter().convert(text));
        assertTrue(String.valueOf(refused.getMessage()).contains("like 10ms"), refused.toString());
    }

    @ParameterizedTest
    @CsvSource({"4096,4096", "64Ki,65536", "64Mi,67108864", "1Gi,1073741824", "64k,64000", "2T,2000000000000"})
    void sizesAreThoseOfKubernetes(String text, long bytes) {
        assertEquals(bytes, new ByteSizeConverter().convert(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"64MB", "abc", "-1", "1.5Gi", "9999999999999999Ti"})
    void otherSizesAreRefusedWithWhatIsAllowed(String text) {
        var refused = assertThrows(IllegalArgumentException.class, () -> new ByteSizeConverter().convert(text));
        assertTrue(String.valueOf(refused.getMessage()).contains("like 64Mi"), refused.toString());
    }

    @Test
    void votersNameBothAddresses() {
        assertEquals(new Voter(2, "10.0.0.1:9091", "[::1]:9090"), Voter.parse(" 2=10.0.0.1:9091/[::1]:9090 "));
        assertThrows(IllegalArgumentException.class, () -> Voter.parse("2=10.0.0.1:9091"));
        assertThrows(IllegalArgumentException.class, () -> Voter.parse("a=h:1/h:2"));
        assertThrows(IllegalArgumentException.class, () -> Voter.parse("2=h:1/h:70000"));
    }
}
