package io.taffrail.service.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostPortTest {
    @Test
    void namesAndAddressesWithAPortAreTaken() {
        assertEquals(new HostPort("log-0.log.default.svc", 9091), HostPort.parse("log-0.log.default.svc:9091"));
        assertEquals(new HostPort("10.0.0.1", 1), HostPort.parse("10.0.0.1:1"));
        assertEquals(new HostPort("fe80::1", 65_535), HostPort.parse("[fe80::1]:65535"));
        var longest = "h".repeat(507);
        assertEquals(new HostPort(longest, 9091), HostPort.parse(longest + ":9091"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "h",
                "h:",
                ":9091",
                "h:abc",
                "h:0",
                "h:65536",
                "h:9091091091",
                "h:-1",
                "h:+1",
                "h: 1",
                "h h:1",
                "a/h:1",
                "fe80::1:9091",
                "[fe80::1]",
                "[h]:1",
                "h:1:2",
                "h:1\n"
            })
    void everythingElseIsNot(String text) {
        assertNull(HostPort.parse(text));
    }

    @Test
    void noneIsLongerThanTheFormatsHold() {
        assertNull(HostPort.parse("h".repeat(508) + ":9091"));
        assertNull(HostPort.parse("ä".repeat(254) + ":9091"));
    }
}
