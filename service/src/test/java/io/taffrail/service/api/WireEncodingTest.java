package io.taffrail.service.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.taffrail.proto.log.AppendResponse;
import io.taffrail.proto.log.AppendStage;
import io.taffrail.proto.log.CommitMode;
import io.taffrail.proto.log.ReadResponse;
import io.taffrail.proto.log.Record;
import io.taffrail.proto.log.RecordBatch;
import io.taffrail.proto.log.ReplicationMode;
import io.taffrail.replication.AppendObserver.Stage;
import io.taffrail.replication.AppendOutcome;
import io.taffrail.service.rpc.FrameBuffer;
import io.taffrail.streams.Durability;
import java.io.IOException;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// What is written by hand is read with the generated classes.
class WireEncodingTest {
    private static byte[] onlyMessage(FrameBuffer frames) {
        var bytes = frames.take();
        assertEquals(0, bytes.getByte(0));
        assertEquals(bytes.length() - 5, bytes.getInt(1));
        return bytes.getBytes(5, bytes.length());
    }

    @Test
    void acknowledgementsWithTheLargestNumbersFit() throws IOException {
        var frames = new FrameBuffer();
        var most = Long.MAX_VALUE;
        AppendReplies.acknowledgement(
                frames,
                -1,
                new AppendOutcome.Acknowledged(
                        most,
                        Integer.MAX_VALUE,
                        most,
                        most,
                        most,
                        new Durability(io.taffrail.streams.CommitMode.SYNC, io.taffrail.streams.ReplicationMode.QUORUM),
                        3,
                        2,
                        true),
                true);
        var parsed = AppendResponse.parseFrom(onlyMessage(frames));
        assertEquals(-1, parsed.getRequestId());
        var acknowledgement = parsed.getAcknowledgement();
        assertEquals(most, acknowledgement.getBaseOffset());
        assertEquals(Integer.MAX_VALUE, acknowledgement.getRecordCount());
        assertEquals(most, acknowledgement.getLsnStart());
        assertEquals(most, acknowledgement.getLsnEnd());
        assertEquals(most, acknowledgement.getEpoch());
        assertEquals(CommitMode.COMMIT_MODE_SYNC, acknowledgement.getCommitMode());
        assertEquals(ReplicationMode.REPLICATION_MODE_QUORUM, acknowledgement.getReplicationMode());
        assertEquals(3, acknowledgement.getCopiesReceived());
        assertEquals(2, acknowledgement.getCopiesFlushed());
        assertTrue(acknowledgement.getDuplicate());
        assertTrue(acknowledgement.getFsyncDisabled());
    }

    @Test
    void notificationsNameTheirStage() throws IOException {
        for (var stage : Stage.values()) {
            var frames = new FrameBuffer();
            AppendReplies.notification(frames, 4, stage, 0, 1, 2, 3);
            var notification = AppendResponse.parseFrom(onlyMessage(frames)).getNotification();
            assertEquals("APPEND_STAGE_" + stage.name(), notification.getStage().name());
            assertEquals(0, notification.getBaseOffset());
            assertEquals(3, notification.getEpoch());
        }
        assertEquals(Stage.values().length + 1, AppendStage.values().length - 1);
    }

    private static final List<Record> RECORDS = List.of(
            Record.newBuilder().setValue(ByteString.copyFromUtf8("zero")).build(),
            Record.getDefaultInstance(),
            Record.newBuilder().setValue(ByteString.copyFrom(new byte[300])).build(),
            Record.newBuilder().setValue(ByteString.copyFromUtf8("three")).build());

    private static byte[] stored() {
        return RecordBatch.newBuilder().addAllRecords(RECORDS).build().toByteArray();
    }

    @Test
    void storedRecordsComeBackBehindANewHeader() throws IOException {
        var stored = stored();
        var builder = new ReadResponseBuilder(100_000, Long.MAX_VALUE, 0, 8);
        assertEquals(4, builder.add(stored, 0, stored.length, 10, 4, 10, 99, 7));
        assertEquals(2, builder.add(stored, 0, stored.length, 14, 4, 16, 100, 7));
        var history = UUID.randomUUID();
        var response = ReadResponse.parseFrom(onlyMessage(builder.finish(18, Uuids.bytes(history), 7, 1234)));
        assertEquals(2, response.getBatchesCount());
        var first = response.getBatches(0);
        assertEquals(10, first.getBaseOffset());
        assertEquals(4, first.getRecordCount());
        assertEquals(99, first.getTimestampMillis());
        assertEquals(7, first.getEpoch());
        assertEquals(RECORDS, first.getRecordsList());
        assertEquals(16, response.getBatches(1).getBaseOffset());
        assertEquals(RECORDS.subList(2, 4), response.getBatches(1).getRecordsList());
        assertEquals(18, response.getNextOffset());
        assertEquals(Uuids.wire(history), response.getPosition().getHistoryId());
        assertEquals(1234, response.getPosition().getLsn());
    }

    @Test
    void aRecordThatIsLargerThanTheResponseComesAlone() throws IOException {
        var stored = stored();
        var builder = new ReadResponseBuilder(100, Long.MAX_VALUE, 0, 8);
        assertEquals(2, builder.add(stored, 0, stored.length, 0, 4, 0, 0, 1));
        assertFalse(builder.records() == 0);
        var alone = new ReadResponseBuilder(100, Long.MAX_VALUE, 0, 8);
        assertEquals(1, alone.add(stored, 0, stored.length, 0, 4, 2, 0, 1));
        assertTrue(alone.full());
        var response = ReadResponse.parseFrom(onlyMessage(alone.finish(4, Uuids.bytes(null), 1, 0)));
        assertEquals(RECORDS.subList(2, 3), response.getBatches(0).getRecordsList());
    }

    @Test
    void theNumberOfRecordsIsALimitToo() {
        var stored = stored();
        var builder = new ReadResponseBuilder(100_000, 3, 0, 8);
        assertEquals(3, builder.add(stored, 0, stored.length, 0, 4, 0, 0, 1));
        assertTrue(builder.full());
        assertEquals(0, builder.add(stored, 0, stored.length, 4, 4, 4, 0, 1));
    }

    @Test
    void bytesThatAreNoRecordsAreNeverSteppedOver() {
        assertThrows(IllegalStateException.class, () -> RecordRuns.next(new byte[] {0x7b, 0}, 0, 2));
        assertThrows(IllegalStateException.class, () -> RecordRuns.next(new byte[] {0x7a, 5, 1}, 0, 3));
        assertThrows(
                IllegalStateException.class, () -> RecordRuns.next(new byte[] {0x7a, -1, -1, -1, -1, -1, 1}, 0, 7));
    }

    @Test
    void varintsAreAsLongAsTheyAreSaidToBe() {
        for (var value : new long[] {0, 1, 127, 128, 16_383, 16_384, Integer.MAX_VALUE, Long.MAX_VALUE, -1}) {
            var frames = new FrameBuffer();
            frames.varint(value);
            assertEquals(frames.lengthBytes(), FrameBuffer.varintBytes(value), "" + value);
        }
    }
}
