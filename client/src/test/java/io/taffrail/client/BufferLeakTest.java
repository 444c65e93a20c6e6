package io.taffrail.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.grpc.netty.shaded.io.netty.buffer.PooledByteBufAllocator;
import io.grpc.netty.shaded.io.netty.util.ResourceLeakDetector;
import io.taffrail.client.ScriptedLogServer.Fate;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A buffer of the transport that is forgotten when a call ends is memory outside the heap that never comes
/// back.
class BufferLeakTest {
    private static final Duration SOON = Duration.ofMinutes(5);
    private static final Logger DETECTOR = Logger.getLogger(ResourceLeakDetector.class.getName());

    private final List<String> leaks = new CopyOnWriteArrayList<>();
    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord line) {
            leaks.add(line.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };
    private final ResourceLeakDetector.Level level = ResourceLeakDetector.getLevel();

    @BeforeEach
    void watch() {
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
        DETECTOR.addHandler(handler);
    }

    @AfterEach
    void leave() {
        DETECTOR.removeHandler(handler);
        ResourceLeakDetector.setLevel(level);
    }

    @Test
    void aReaderThatIsClosedMidStreamForgetsNoBuffer() throws Exception {
        var random = new Random(1);
        try (var server = new ScriptedLogServer()) {
            try (var client = LogClient.connect(server.address());
                    var appender = client.appender("s")) {
                for (var i = 0; i < 2_000; i++) {
                    var _ = appender.append(new byte[20_000]);
                }
                appender.flush(SOON);
                for (var round = 0; round < 50; round++) {
                    try (var reader = client.reader("s", ReaderConfig.DEFAULTS)) {
                        for (var left = random.nextInt(100); left >= 0; left--) {
                            assertNotNull(reader.next(SOON));
                        }
                    }
                }
            }
            // Of a client that goes while its readers read.
            for (var round = 0; round < 20; round++) {
                try (var client = LogClient.connect(server.address())) {
                    var reader = client.reader("s", ReaderConfig.DEFAULTS);
                    assertNotNull(reader.next(SOON));
                }
            }
        }
        reportForgotten();
        assertEquals(List.of(), leaks);
    }

    @Test
    void anAppenderWhoseConnectionBreaksForgetsNoBuffer() throws Exception {
        var random = new Random(1);
        var config =
                AppenderConfig.DEFAULTS.batching(64 << 10, 3, Duration.ZERO).deliveryTimeout(Duration.ofMillis(300));
        for (var round = 0; round < 20; round++) {
            var server = new ScriptedLogServer();
            for (var i = 0; i < 100; i++) {
                server.script(random.nextInt(6) > 0 ? Fate.LOG : Fate.BREAK_FIRST);
            }
            try (var client = LogClient.connect(server.address())) {
                var appender = client.appender("s", config);
                var closeAt = random.nextInt(300);
                for (var i = 0; i < 300; i++) {
                    if (i == closeAt) {
                        server.close();
                    }
                    var _ = appender.append(new byte[20_000]);
                }
                appender.close();
            } catch (LogClientException expected) {
                // It was cut off.
            }
        }
        reportForgotten();
        assertEquals(List.of(), leaks);
    }

    /// The detector looks at what the collector found when it is given the next buffer.
    private static void reportForgotten() throws InterruptedException {
        for (var i = 0; i < 20; i++) {
            System.gc();
            Thread.sleep(20);
            PooledByteBufAllocator.DEFAULT.directBuffer(16).release();
        }
    }
}
