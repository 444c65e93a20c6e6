package io.taffrail.service.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import io.taffrail.proto.log.AppendRequest;
import io.taffrail.proto.log.AppendStage;
import io.taffrail.proto.log.Header;
import io.taffrail.proto.log.Producer;
import io.taffrail.proto.log.Record;
import io.taffrail.proto.log.RecordBatch;
import io.taffrail.streams.CommitMode;
import io.taffrail.streams.Refusal;
import io.taffrail.streams.ReplicationMode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The parser against the generated classes, which every client uses.
class AppendRequestParserTest {
    private static final AppendLimits LIMITS = new AppendLimits(10_000, 100, 1_000);

    private static ParsedAppend parse(byte[] bytes) {
        // Not at the start of the array, as it is in a chunk of the network.
        var padded = new byte[bytes.length + 20];
        System.arraycopy(bytes, 0, padded, 7, bytes.length);
        return AppendRequestParser.parse(padded, 7, bytes.length, LIMITS);
    }

    private static ParsedAppend.Valid valid(byte[] bytes) {
        return assertInstanceOf(ParsedAppend.Valid.class, parse(bytes));
    }

    private static Refusal refused(byte[] bytes) {
        return assertInstanceOf(ParsedAppend.Invalid.class, parse(bytes)).refusal();
    }

    private static AppendRequest.Builder request() {
        return AppendRequest.newBuilder()
                .setRequestId(5)
                .setStream("orders")
                .addRecords(Record.newBuilder()
                        .setKey(ByteString.copyFromUtf8("k"))
                        .setValue(ByteString.copyFromUtf8("v"))
                        .addHeaders(Header.newBuilder().setName("größe").setValue(ByteString.copyFromUtf8("x"))))
                .addRecords(Record.newBuilder().setTimestampMillis(-1));
    }

    private static byte[] bytes(ByteBuffer buffer) {
        var bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    private static int crc(byte[] bytes) {
        var crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    @Test
    void readsEveryField() {
        var parsed = valid(request()
                .setCommitMode(io.taffrail.proto.log.CommitMode.COMMIT_MODE_ASYNC)
                .setReplicationMode(io.taffrail.proto.log.ReplicationMode.REPLICATION_MODE_ALL)
                .setProducer(Producer.newBuilder().setId(9).setEpoch(3).setSequence(77))
                .setExpectedOffset(0)
                .setFencingToken(12)
                .setMinCopies(2)
                .addNotify(AppendStage.APPEND_STAGE_DURABLE)
                .build()
                .toByteArray());
        assertEquals(5, parsed.requestId());
        assertEquals("orders", parsed.stream());
        assertEquals(CommitMode.ASYNC, parsed.commitMode());
        assertEquals(ReplicationMode.ALL, parsed.replicationMode());
        assertEquals(9, parsed.producerId());
        assertEquals(3, parsed.producerEpoch());
        assertEquals(77, parsed.sequence());
        assertEquals(OptionalLong.of(0), parsed.expectedOffset());
        assertEquals(OptionalLong.of(12), parsed.fencingToken());
        assertEquals(2, parsed.minCopies());
        assertTrue(parsed.notifyDurable() && !parsed.notifyAccepted() && !parsed.notifyReplicated());
        assertEquals(2, parsed.recordCount());
    }

    @Test
    void theRecordsAreTheBytesThatARecordBatchHas() throws IOException {
        var parsed = valid(request().build().toByteArray());
        var batch = RecordBatch.newBuilder()
                .addAllRecords(request().getRecordsList())
                .build()
                .toByteArray();
        assertEquals(ByteString.copyFrom(batch), ByteString.copyFrom(bytes(parsed.records())));
        assertEquals(crc(batch), parsed.recordsCrc());
        assertNull(parsed.commitMode());
        assertEquals(
                request().getRecordsList(),
                RecordBatch.parseFrom(bytes(parsed.records())).getRecordsList());
    }

    @Test
    void recordsThatOtherFieldsStandBetweenAreGathered() throws IOException {
        var bytes = new ByteArrayOutputStream();
        var out = CodedOutputStream.newInstance(bytes);
        out.writeMessage(15, request().getRecords(0));
        out.writeString(2, "orders");
        out.writeMessage(15, request().getRecords(1));
        out.writeUInt64(1, 8);
        out.writeBytes(99, ByteString.copyFromUtf8("of a newer client"));
        out.writeMessage(15, request().getRecords(0));
        out.flush();
        var parsed = valid(bytes.toByteArray());
        assertEquals(8, parsed.requestId());
        assertEquals(3, parsed.recordCount());
        var records = RecordBatch.parseFrom(bytes(parsed.records())).getRecordsList();
        assertEquals(
                List.of(
                        request().getRecords(0),
                        request().getRecords(1),
                        request().getRecords(0)),
                records);
    }

    @Test
    void unknownFieldsOfARecordAreKept() {
        var record =
                request().getRecords(0).toByteString().concat(ByteString.copyFrom(new byte[] {(byte) 0xf8, 0x07, 1}));
        var bytes = ByteString.copyFrom(new byte[] {0x12, 1, 'o', 0x7a, (byte) record.size()})
                .concat(record)
                .toByteArray();
        assertEquals(
                ByteString.copyFrom(bytes).substring(3),
                ByteString.copyFrom(bytes(valid(bytes).records())));
    }

    @Test
    void theChecksumOfTheRecordsIsChecked() {
        var records = bytes(valid(request().build().toByteArray()).records());
        valid(request().setRecordsCrc32C(crc(records)).build().toByteArray());
        assertEquals(
                Refusal.Code.DATA_LOSS,
                refused(request().setRecordsCrc32C(crc(records) + 1).build().toByteArray())
                        .code());
    }

    @Test
    void refusalsNameTheFieldTheValueAndWhatIsAllowed() {
        assertEquals(
                "commit_mode is 7: allowed are 0 (unset), 1 (ASYNC), 2 (SYNC)",
                refused(request().setCommitModeValue(7).build().toByteArray()).message());
        assertEquals(
                "replication_mode is -1: allowed are 0 (unset), 1 (ASYNC), 2 (QUORUM), 3 (ALL)",
                refused(request().setReplicationModeValue(-1).build().toByteArray())
                        .message());
        assertEquals(
                "notify is 0: allowed are 1 (ACCEPTED), 2 (DURABLE), 3 (REPLICATED)",
                refused(request()
                                .addNotify(AppendStage.APPEND_STAGE_UNSPECIFIED)
                                .build()
                                .toByteArray())
                        .message());
        assertEquals(
                "stream is empty: allowed is the name of a stream",
                refused(request().setStream("").build().toByteArray()).message());
        assertEquals(
                "records is empty: allowed is one record or more",
                refused(request().clearRecords().build().toByteArray()).message());
        assertEquals(
                "expected_offset is 18446744073709551615: allowed is 0 to 9223372036854775807",
                refused(request().setExpectedOffset(-1).build().toByteArray()).message());
        assertEquals(
                "producer.id is 0: allowed is an id that RegisterProducer gave, or no producer",
                refused(request()
                                .setProducer(Producer.getDefaultInstance())
                                .build()
                                .toByteArray())
                        .message());
    }

    @Test
    void limitsHoldAtTheirEdges() {
        // Tag and length of the value are part of the record.
        var largest =
                Record.newBuilder().setValue(ByteString.copyFrom(new byte[997])).build();
        assertEquals(1_000, largest.getSerializedSize());
        valid(request().clearRecords().addRecords(largest).build().toByteArray());
        var larger =
                Record.newBuilder().setValue(ByteString.copyFrom(new byte[998])).build();
        assertEquals(
                Refusal.Code.TOO_LARGE,
                refused(request().clearRecords().addRecords(larger).build().toByteArray())
                        .code());
        var many = request().clearRecords();
        for (var i = 0; i < LIMITS.batchRecords(); i++) {
            many.addRecords(Record.getDefaultInstance());
        }
        assertEquals(100, valid(many.build().toByteArray()).recordCount());
        assertEquals(
                Refusal.Code.TOO_LARGE,
                refused(many.addRecords(Record.getDefaultInstance()).build().toByteArray())
                        .code());
        var heavy = request().clearRecords();
        for (var i = 0; i < 10; i++) {
            heavy.addRecords(largest);
        }
        assertEquals(
                Refusal.Code.TOO_LARGE, refused(heavy.build().toByteArray()).code());
    }

    @Test
    void textThatIsNotUtf8IsRefused() {
        var badStream = new byte[] {0x12, 2, (byte) 0xc3, 0x28, 0x7a, 0};
        assertTrue(refused(badStream).message().contains("stream is not valid UTF-8"));
        var badHeader = new byte[] {0x12, 1, 'o', 0x7a, 6, 0x1a, 4, 0x0a, 2, (byte) 0xc3, 0x28};
        assertEquals(
                "records[0].headers.name is not valid UTF-8", refused(badHeader).message());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void anyBytesEitherParseAsTheGeneratedClassDoesOrAreRefused(long seed) {
        var random = new SplittableRandom(seed);
        var whole = request()
                .setProducer(Producer.newBuilder().setId(9).setEpoch(3).setSequence(77))
                .addNotify(AppendStage.APPEND_STAGE_DURABLE)
                .build()
                .toByteArray();
        for (var i = 0; i < 20_000; i++) {
            var damaged = whole.clone();
            for (var flips = 1 + random.nextInt(3); flips > 0; flips--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            var cut = Arrays.copyOf(damaged, random.nextInt(damaged.length + 1));
            if (parse(cut) instanceof ParsedAppend.Valid parsed) {
                AppendRequest reference;
                try {
                    reference = AppendRequest.parseFrom(cut);
                } catch (IOException generatedRefuses) {
                    throw new AssertionError(
                            "accepted what no client can read, seed " + seed + " round " + i, generatedRefuses);
                }
                assertEquals(reference.getRequestId(), parsed.requestId());
                assertEquals(reference.getStream(), parsed.stream());
                assertEquals(reference.getRecordsCount(), parsed.recordCount());
                assertEquals(reference.getProducer().getSequence(), parsed.sequence());
            }
        }
    }
}
