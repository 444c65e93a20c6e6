package io.taffrail.service;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HttpAddressTest {
    @ParameterizedTest
    @CsvSource({"127.0.0.2, http://127.0.0.2:8080", "::1, http://[::1]:8080"})
    void isThatOfTheHttpPortWhateverTheOthersListenOn(String host, String address) {
        var config = new SmallRyeConfigBuilder()
                .withSources(new PropertiesConfigSource(
                        Map.of("taffrail.listen", "10.0.0.1", "quarkus.http.host", host, "quarkus.http.port", "8080"),
                        "test",
                        100))
                .build();
        assertEquals(address, ServiceWiring.httpAddress(config));
    }
}
