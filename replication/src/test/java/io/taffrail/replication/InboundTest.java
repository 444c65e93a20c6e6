package io.taffrail.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.taffrail.replication.codec.Envelope;
import io.taffrail.replication.codec.FrameCodec;
import io.taffrail.replication.protocol.Event;
import io.taffrail.replication.protocol.HardState;
import io.taffrail.replication.protocol.LogPosition;
import io.taffrail.replication.protocol.LogView;
import io.taffrail.replication.protocol.Message;
import io.taffrail.replication.protocol.ProtocolConfig;
import io.taffrail.replication.protocol.ReplicationCore;
import io.taffrail.wal.Wal;
import io.taffrail.wal.WalConfig;
import io.taffrail.wal.WalListener;
import io.taffrail.wal.io.file.Buffering;
import io.taffrail.wal.io.file.FileLogDirectory;
import io.taffrail.wal.io.sync.SyncIoMethod;
import io.taffrail.wal.record.EntryType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InboundTest {
    private static final int PENDING_BYTES = 64 << 10;
    private static final Message.LeaderView VIEW = new Message.LeaderView(0, 0, 0, false);

    @TempDir
    Path folder;

    /// A frame waits for a disk that does nothing, and the leader goes on to say that it is there.
    @Test
    void heartbeatsBehindEntriesThatWaitTakeNoMoreMemoryThanTheyMay() throws IOException {
        var config = new WalConfig(1 << 20, 10_000_000, 0, 5, PENDING_BYTES, 0, 0, true);
        try (var directory = FileLogDirectory.open(folder, Buffering.BUFFERED);
                var io = new SyncIoMethod()) {
            var wal = Wal.open(config, directory, io, () -> 0, new Silent(), 0, 0, (_, _) -> {});
            wal.append(EntryType.RECORDS, 1, ByteBuffer.allocate(PENDING_BYTES));
            var events = new ArrayList<Event>();
            var inbound = new Inbound(wal, core(), events::add, (_, message) -> {
                throw new AssertionError(message);
            });
            inbound.receive(1, frame(new Message.Replicate(1, 1, VIEW, LogPosition.EMPTY, false, entries())));
            for (var i = 0; i < 3 * Inbound.MAX_HELD; i++) {
                inbound.receive(1, frame(new Message.Heartbeat(1, 1, VIEW, 0)));
            }
            inbound.receive(1, frame(new Message.Replicate(1, 1, VIEW, LogPosition.EMPTY, false, entries())));
            assertEquals(0, inbound.takeHeld());
            assertEquals(List.of(), events);
            wal.requestFlush();
            while (wal.flushedLsn() < wal.receivedLsn()) {
                wal.doWork(0);
            }
            assertEquals(Inbound.MAX_HELD + 1, inbound.takeHeld());
            assertInstanceOf(Message.Replicate.class, message(events.getFirst()));
            assertInstanceOf(Message.Heartbeat.class, message(events.get(1)));
            assertInstanceOf(Message.Replicate.class, message(events.getLast()), "entries are not sent again");
            wal.close();
        }
    }

    private static ReplicationCore core() {
        return new ReplicationCore(
                new ReplicationCore.Start(0, new UUID(0, 0), 1, HardState.EMPTY, List.of(), 0, LogPosition.EMPTY),
                new ProtocolConfig(100, 1000, 2000, 500, 5000, false, 300, 5000, 1 << 20, 1000, 500, 1000),
                _ -> new LogView.Chain.None(),
                new Random(0),
                0);
    }

    private static ByteBuffer frame(Message message) {
        return FrameCodec.encode(new Envelope(1, new UUID(0, 1), 1, null, null), message);
    }

    private static ByteBuffer entries() {
        return ByteBuffer.allocate(1000);
    }

    private static Message message(Event event) {
        return assertInstanceOf(Event.Received.class, event).message();
    }

    private static final class Silent implements WalListener {
        @Override
        public void flushed(long lsn) {}

        @Override
        public void failed(String message) {
            throw new AssertionError(message);
        }
    }
}
