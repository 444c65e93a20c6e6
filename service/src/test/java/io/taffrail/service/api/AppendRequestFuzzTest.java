package io.taffrail.service.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.taffrail.proto.log.AppendRequest;
import io.taffrail.proto.log.AppendStage;
import io.taffrail.proto.log.Header;
import io.taffrail.proto.log.Producer;
import io.taffrail.proto.log.Record;
import io.taffrail.proto.log.RecordBatch;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Any bytes as an append: what the parser takes is what the generated classes read, and what it stores is what a
/// reader's generated classes will read. Plays the inputs in the resources; `scripts/fuzz` looks for new ones.
class AppendRequestFuzzTest {
    private static final AppendLimits LIMITS = new AppendLimits(10_000, 100, 1_000);

    static Stream<Arguments> requests() {
        var record = Record.newBuilder()
                .setKey(ByteString.copyFromUtf8("k"))
                .setValue(ByteString.copyFromUtf8("v"))
                .setTimestampMillis(-1)
                .addHeaders(Header.newBuilder().setName("größe").setValue(ByteString.copyFromUtf8("x")));
        var plain =
                AppendRequest.newBuilder().setRequestId(5).setStream("orders").addRecords(record);
        var full = plain.clone()
                .addRecords(Record.getDefaultInstance())
                .setProducer(Producer.newBuilder().setId(9).setEpoch(3).setSequence(77))
                .setExpectedOffset(0)
                .setFencingToken(12)
                .setMinCopies(2)
                .addNotify(AppendStage.APPEND_STAGE_DURABLE);
        return Stream.of(plain, full)
                .map(each -> Arguments.of((Object) each.build().toByteArray()));
    }

    @MethodSource("requests")
    @FuzzTest(maxDuration = "5m")
    void isReadAsTheGeneratedClassesReadItOrRefused(byte[] bytes) throws InvalidProtocolBufferException {
        if (!(AppendRequestParser.parse(bytes, 0, bytes.length, LIMITS) instanceof ParsedAppend.Valid parsed)) {
            return;
        }
        var generated = AppendRequest.parseFrom(bytes);
        assertEquals(generated.getRequestId(), parsed.requestId());
        assertEquals(generated.getStream(), parsed.stream());
        assertFalse(parsed.stream().isEmpty());
        assertEquals(generated.getRecordsCount(), parsed.recordCount());
        assertEquals(generated.getProducer().getId(), parsed.producerId());
        assertEquals(generated.getProducer().getEpoch(), parsed.producerEpoch());
        assertEquals(generated.getProducer().getSequence(), parsed.sequence());
        assertEquals(generated.hasExpectedOffset(), parsed.expectedOffset().isPresent());
        assertEquals(generated.getExpectedOffset(), parsed.expectedOffset().orElse(0));
        assertEquals(generated.getMinCopies(), parsed.minCopies());
        var stored = RecordBatch.parseFrom(ByteString.copyFrom(parsed.records().duplicate()));
        assertEquals(generated.getRecordsList(), stored.getRecordsList());
    }
}
