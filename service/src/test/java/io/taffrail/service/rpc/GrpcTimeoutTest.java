package io.taffrail.service.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GrpcTimeoutTest {
    @ParameterizedTest
    @CsvSource({"1H,3600000", "2M,120000", "3S,3000", "99999999m,99999999", "1500u,2", "1n,1", "0m,0"})
    void readsEveryUnit(String header, long millis) {
        assertEquals(millis, GrpcTimeout.millis(header));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "S", "1", "-1S", "1s", "123456789S", "1 S", "x1S"})
    void refusesOtherForms(String header) {
        assertThrows(IllegalArgumentException.class, () -> GrpcTimeout.millis(header));
    }

    @Test
    void noHeaderIsNoTimeout() {
        assertEquals(GrpcTimeout.NONE, GrpcTimeout.millis(null));
    }
}
