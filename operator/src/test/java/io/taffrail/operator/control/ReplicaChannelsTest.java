package io.taffrail.operator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.taffrail.proto.control.GetStatusRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class ReplicaChannelsTest {
    private static final int MOST = 4;
    /// Nobody listens there.
    private static final int PORT = 1;

    private final AtomicLong now = new AtomicLong(-1);
    private final ReplicaChannels channels = new ReplicaChannels(now::get, MOST);

    @AfterEach
    void close() {
        channels.close();
    }

    private void ask(int replica) {
        var address = new ReplicaAddress("127.0.0." + (replica + 1), PORT, "replica", "");
        assertInstanceOf(
                CallOutcome.Unreachable.class,
                channels.status(address, null, stub -> stub.getStatus(GetStatusRequest.getDefaultInstance())));
    }

    /// It goes into the status, which is written whenever it says something else.
    @Test
    void oneThatDoesNotAnswerIsToldInTheSameWordsEachTime() throws IOException {
        try (var deaf = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            var address = new ReplicaAddress("127.0.0.1", deaf.getLocalPort(), "replica", "");
            assertEquals(
                    new CallOutcome.Unreachable<>("it did not answer in time"),
                    channels.status(address, null, stub -> stub.getStatus(GetStatusRequest.getDefaultInstance())));
        }
    }

    @Test
    void whatIsNotAskedAnyMoreIsLetGo() {
        ask(0);
        ask(1);
        now.addAndGet(Duration.ofMinutes(6).toNanos());
        ask(1);
        assertEquals(2, channels.held());
        now.addAndGet(Duration.ofMinutes(6).toNanos());
        ask(1);
        assertEquals(1, channels.held());
    }

    @Test
    void beyondTheLimitTheOneUsedLongestAgoGoes() {
        for (var replica = 0; replica < 10; replica++) {
            ask(replica);
        }
        assertEquals(MOST, channels.held());
        ask(0);
        assertEquals(MOST, channels.held());
    }
}
