package io.taffrail.service.host;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.taffrail.replication.ReplicaConfig;
import io.taffrail.replication.ReplicaSettings;
import io.taffrail.replication.ScrubConfig;
import io.taffrail.replication.port.Network;
import io.taffrail.streams.StreamSettings;
import io.taffrail.wal.WalConfig;
import io.taffrail.wal.WalException;
import io.taffrail.wal.io.FlushFailedException;
import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.file.Buffering;
import io.taffrail.wal.io.file.FileLogDirectory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReplicaHostTest {
    private static final long SECOND = 1_000_000_000;

    @TempDir
    Path folder;

    private final List<String> told = new ArrayList<>();

    /// A directory that is there, and a log that cannot be opened.
    private final class Unopenable implements ReplicaHost.Storage {
        private final RuntimeException failure;

        Unopenable(RuntimeException failure) {
            this.failure = failure;
        }

        @Override
        public LogDirectory openDirectory() throws IOException {
            return FileLogDirectory.open(folder, Buffering.BUFFERED);
        }

        @Override
        public IoMethod openIo(LogDirectory directory) throws IOException {
            directory.close();
            throw failure;
        }

        @Override
        public boolean flushFailed(LogDirectory directory) {
            return false;
        }

        @Override
        public void recovered() {
            told.add("recovered");
        }
    }

    private final class Told implements ReplicaHost.Failures {
        @Override
        public void storageFailed(String message) {
            told.add("storage failed: " + message);
        }

        @Override
        public void halted(String message) {
            told.add(message);
        }

        @Override
        public void broken(Throwable cause) {
            told.add("broken: " + cause.getMessage());
        }
    }

    private static final class Alone implements Network {
        @Override
        public void send(int toNodeId, ByteBuffer frame) {}

        @Override
        public long unsentBytes(int toNodeId) {
            return 0;
        }

        @Override
        public void locate(int nodeId, String peerAddress) {}
    }

    private List<String> start(RuntimeException failure) {
        var host = new ReplicaHost(
                0, new Unopenable(failure), Runnable::run, new Alone(), new Random(1), () -> null, new Told());
        host.run(new ReplicaConfig(
                0,
                "127.0.0.1:1",
                "127.0.0.1:2",
                WalConfig.defaults(),
                new ReplicaSettings(1, StreamSettings.DEFAULTS, 10_000_000, 0, 5, 1 << 20, 1 << 20, SECOND, false),
                SECOND / 10,
                SECOND,
                2 * SECOND,
                SECOND / 2,
                10 * SECOND,
                false,
                5 * SECOND,
                1 << 20,
                ScrubConfig.OFF,
                false));
        return told;
    }

    /// Or the next start would believe the page cache.
    @Test
    void aFlushThatFailsInAStartIsAFailureOfTheStorage() {
        var failure = new FlushFailedException("0000000000000001.segment: Input/output error");
        assertEquals(
                List.of("storage failed: recovery of log: " + failure),
                start(new WalException.Unusable("recovery of log: " + failure, failure)));
    }

    @Test
    void aVolumeThatCannotBeUsedIsNone() {
        assertEquals(
                List.of("broken: the directory belongs to node 1"),
                start(new WalException.Unusable("the directory belongs to node 1")));
    }
}
