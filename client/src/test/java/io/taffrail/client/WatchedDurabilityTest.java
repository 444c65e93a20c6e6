package io.taffrail.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class WatchedDurabilityTest {
    @Test
    void aBrokenConnectionIsTheClientsExceptionWhetherOrNotMoreWasAskedFor() throws Exception {
        try (var server = new ScriptedLogServer();
                var client = LogClient.connect(server.address())) {
            server.leaderIs(server.address());
            var taken = client.watchDurability(1, 0);
            taken.next();
            assertEquals(
                    LogClientException.Kind.UNAVAILABLE,
                    assertThrows(LogClientException.class, taken::next).kind());
            var looked = client.watchDurability(1, 0);
            looked.next();
            assertEquals(
                    LogClientException.Kind.UNAVAILABLE,
                    assertThrows(LogClientException.class, looked::hasNext).kind());
        }
    }
}
