package io.taffrail.service.api;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import io.taffrail.streams.CommitMode;
import io.taffrail.streams.RecordsPayload;
import io.taffrail.streams.Refusal;
import io.taffrail.streams.ReplicationMode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Checks an `AppendRequest` by walking its tags. No record becomes an object: what is logged, and what a reader will
/// get, are the bytes that arrived. So whatever a reader's parser would choke on has to be refused here. One request.
final class AppendRequestParser {
    private static final int REQUEST_ID = 1;
    private static final int STREAM = 2;
    private static final int COMMIT_MODE = 3;
    private static final int REPLICATION_MODE = 4;
    private static final int PRODUCER = 5;
    private static final int EXPECTED_OFFSET = 6;
    private static final int FENCING_TOKEN = 7;
    private static final int RECORDS_CRC32C = 8;
    private static final int NOTIFY = 9;
    private static final int MIN_COPIES = 10;
    private static final int RECORDS = 15;

    private static final int RECORD_HEADERS = 3;
    private static final int HEADER_NAME = 1;

    private static final int MAX_COPIES = 1_000;

    /// Ends the parsing; carries no stack, because bad requests are cheap to send.
    private static final class Refused extends Exception {
        private static final long serialVersionUID = 1;
        private final transient Refusal refusal;

        Refused(Refusal.Code code, String message) {
            super(message, null, false, false);
            refusal = Refusal.of(code, message);
        }
    }

    private final AppendLimits limits;
    private final byte[] array;
    private final int offset;
    private final int length;
    private final CodedInputStream in;

    private long requestId;
    private String stream = "";
    private int commitMode;
    private int replicationMode;
    private long producerId;
    private long producerEpoch;
    private long sequence;
    private boolean hasProducer;
    private OptionalLong expectedOffset = OptionalLong.empty();
    private OptionalLong fencingToken = OptionalLong.empty();
    private boolean hasCrc;
    private int expectedCrc;
    private boolean notifyAccepted;
    private boolean notifyDurable;
    private boolean notifyReplicated;
    private long minCopies;
    private int recordCount;
    private int recordsStart = -1;
    private int recordsEnd;
    /// Only if other fields stand between records.
    private byte @Nullable [] gathered;

    private int gatheredLength;

    private AppendRequestParser(byte[] array, int offset, int length, AppendLimits limits) {
        this.array = array;
        this.offset = offset;
        this.length = length;
        this.limits = limits;
        in = CodedInputStream.newInstance(array, offset, length);
    }

    static ParsedAppend parse(byte[] array, int offset, int length, AppendLimits limits) {
        var parser = new AppendRequestParser(array, offset, length, limits);
        try {
            return parser.parse();
        } catch (Refused refused) {
            return new ParsedAppend.Invalid(parser.requestId, refused.refusal);
        } catch (InvalidProtocolBufferException malformed) {
            return new ParsedAppend.Invalid(
                    parser.requestId,
                    Refusal.of(
                            Refusal.Code.INVALID_ARGUMENT, "the request cannot be parsed: " + malformed.getMessage()));
        } catch (IOException impossible) {
            throw new IllegalStateException("reading an array failed", impossible);
        }
    }

    private ParsedAppend parse() throws IOException, Refused {
        for (var start = offset; !in.isAtEnd(); start = position()) {
            var tag = in.readTag();
            switch (tag) {
                case REQUEST_ID << 3 -> requestId = in.readUInt64();
                case (STREAM << 3) | WireFormat.WIRETYPE_LENGTH_DELIMITED -> stream = readStreamName();
                case COMMIT_MODE << 3 -> commitMode = in.readEnum();
                case REPLICATION_MODE << 3 -> replicationMode = in.readEnum();
                case (PRODUCER << 3) | WireFormat.WIRETYPE_LENGTH_DELIMITED -> readProducer();
                case EXPECTED_OFFSET << 3 ->
                    expectedOffset = OptionalLong.of(notNegative("expected_offset", in.readUInt64()));
                case FENCING_TOKEN << 3 ->
                    fencingToken = OptionalLong.of(notNegative("fencing_token", in.readUInt64()));
                case (RECORDS_CRC32C << 3) | WireFormat.WIRETYPE_FIXED32 -> {
                    hasCrc = true;
                    expectedCrc = in.readFixed32();
                }
                case NOTIFY << 3 -> readStage();
                case (NOTIFY << 3) | WireFormat.WIRETYPE_LENGTH_DELIMITED -> readPackedStages();
                case MIN_COPIES << 3 -> minCopies = in.readUInt32() & 0xffff_ffffL;
                case (RECORDS << 3) | WireFormat.WIRETYPE_LENGTH_DELIMITED -> readRecord(start);
                default -> skipUnknown(tag);
            }
        }
        return checked();
    }

    private int position() {
        return offset + in.getTotalBytesRead();
    }

    private void skipUnknown(int tag) throws IOException, Refused {
        if (!in.skipField(tag)) {
            throw new Refused(
                    Refusal.Code.INVALID_ARGUMENT, "the request cannot be parsed: a group ends that did not begin");
        }
    }

    private String readStreamName() throws IOException, Refused {
        try {
            return in.readStringRequireUtf8();
        } catch (InvalidProtocolBufferException malformed) {
            throw new Refused(Refusal.Code.INVALID_ARGUMENT, "stream is not valid UTF-8: " + malformed.getMessage());
        }
    }

    private static long notNegative(String field, long value) throws Refused {
        if (value < 0) {
            throw new Refused(
                    Refusal.Code.INVALID_ARGUMENT,
                    field + " is " + Long.toUnsignedString(value) + ": allowed is 0 to " + Long.MAX_VALUE);
        }
        return value;
    }

    private void readProducer() throws IOException, Refused {
        hasProducer = true;
        var outer = in.pushLimit(in.readRawVarint32());
        while (!in.isAtEnd()) {
            var tag = in.readTag();
            switch (tag) {
                case 1 << 3 -> producerId = notNegative("producer.id", in.readUInt64());
                case 2 << 3 -> producerEpoch = in.readUInt32() & 0xffff_ffffL;
                case 3 << 3 -> sequence = notNegative("producer.sequence", in.readUInt64());
                default -> skipUnknown(tag);
            }
        }
        in.popLimit(outer);
    }

    private void readStage() throws IOException, Refused {
        var stage = in.readEnum();
        switch (stage) {
            case 1 -> notifyAccepted = true;
            case 2 -> notifyDurable = true;
            case 3 -> notifyReplicated = true;
            default ->
                throw new Refused(
                        Refusal.Code.INVALID_ARGUMENT,
                        "notify is " + stage + ": allowed are 1 (ACCEPTED), 2 (DURABLE), 3 (REPLICATED)");
        }
    }

    private void readPackedStages() throws IOException, Refused {
        var outer = in.pushLimit(in.readRawVarint32());
        while (!in.isAtEnd()) {
            readStage();
        }
        in.popLimit(outer);
    }

    private void readRecord(int start) throws IOException, Refused {
        if (array[start] != RecordsPayload.RECORDS_TAG) {
            throw new Refused(
                    Refusal.Code.INVALID_ARGUMENT, "records: the field's tag is written in more bytes than it needs");
        }
        recordCount++;
        if (recordCount > limits.batchRecords()) {
            throw new Refused(
                    Refusal.Code.TOO_LARGE,
                    "records has more than " + limits.batchRecords() + " entries: send smaller batches");
        }
        var recordBytes = in.readRawVarint32();
        if (recordBytes < 0 || recordBytes > limits.recordBytes()) {
            throw new Refused(
                    Refusal.Code.TOO_LARGE,
                    "records[" + (recordCount - 1) + "] has " + Integer.toUnsignedString(recordBytes)
                            + " bytes: allowed are " + limits.recordBytes());
        }
        var outer = in.pushLimit(recordBytes);
        while (!in.isAtEnd()) {
            var tag = in.readTag();
            if (tag == ((RECORD_HEADERS << 3) | WireFormat.WIRETYPE_LENGTH_DELIMITED)) {
                checkHeader();
            } else {
                skipUnknown(tag);
            }
        }
        in.popLimit(outer);
        add(start, position());
    }

    private void checkHeader() throws IOException, Refused {
        var outer = in.pushLimit(in.readRawVarint32());
        while (!in.isAtEnd()) {
            var tag = in.readTag();
            if (tag == ((HEADER_NAME << 3) | WireFormat.WIRETYPE_LENGTH_DELIMITED)) {
                var nameBytes = in.readRawVarint32();
                var nameStart = position();
                in.skipRawBytes(nameBytes);
                if (!validUtf8(nameStart, nameBytes)) {
                    throw new Refused(
                            Refusal.Code.INVALID_ARGUMENT,
                            "records[" + (recordCount - 1) + "].headers.name is not valid UTF-8");
                }
            } else {
                skipUnknown(tag);
            }
        }
        in.popLimit(outer);
    }

    private boolean validUtf8(int start, int count) {
        for (var i = start; i < start + count; i++) {
            if (array[i] < 0) {
                try {
                    StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(array, i, start + count - i));
                    return true;
                } catch (CharacterCodingException malformed) {
                    return false;
                }
            }
        }
        return true;
    }

    private void add(int start, int end) {
        if (recordsStart < 0) {
            recordsStart = start;
        } else if (gathered == null && start != recordsEnd) {
            gathered = new byte[length];
            gatheredLength = recordsEnd - recordsStart;
            System.arraycopy(array, recordsStart, gathered, 0, gatheredLength);
        }
        if (gathered != null) {
            System.arraycopy(array, start, gathered, gatheredLength, end - start);
            gatheredLength += end - start;
        }
        recordsEnd = end;
    }

    private ParsedAppend checked() throws Refused {
        if (stream.isEmpty()) {
            throw new Refused(Refusal.Code.INVALID_ARGUMENT, "stream is empty: allowed is the name of a stream");
        }
        if (recordCount == 0) {
            throw new Refused(Refusal.Code.INVALID_ARGUMENT, "records is empty: allowed is one record or more");
        }
        var records = gathered != null
                ? ByteBuffer.wrap(gathered, 0, gatheredLength).slice()
                : ByteBuffer.wrap(array, recordsStart, recordsEnd - recordsStart)
                        .slice();
        if (records.remaining() > limits.batchBytes()) {
            throw new Refused(
                    Refusal.Code.TOO_LARGE,
                    "records has " + records.remaining() + " bytes: allowed are " + limits.batchBytes()
                            + ", send smaller batches");
        }
        checkProducer();
        if (minCopies > MAX_COPIES) {
            throw new Refused(
                    Refusal.Code.INVALID_ARGUMENT, "min_copies is " + minCopies + ": allowed is 0 to " + MAX_COPIES);
        }
        var crc = new CRC32C();
        crc.update(records.array(), records.arrayOffset(), records.remaining());
        if (hasCrc && (int) crc.getValue() != expectedCrc) {
            throw new Refused(
                    Refusal.Code.DATA_LOSS,
                    "records_crc32c is " + Integer.toHexString(expectedCrc) + " and the records have "
                            + Long.toHexString(crc.getValue()) + ": they changed on the way, send them again");
        }
        CommitMode commit;
        ReplicationMode replication;
        try {
            commit = StreamMessages.commitMode("commit_mode", commitMode);
            replication = StreamMessages.replicationMode("replication_mode", replicationMode);
        } catch (StreamMessages.InvalidField unknown) {
            throw new Refused(Refusal.Code.INVALID_ARGUMENT, String.valueOf(unknown.getMessage()));
        }
        return new ParsedAppend.Valid(
                requestId,
                stream,
                commit,
                replication,
                producerId,
                (int) producerEpoch,
                sequence,
                expectedOffset,
                fencingToken,
                (int) minCopies,
                notifyAccepted,
                notifyDurable,
                notifyReplicated,
                recordCount,
                records,
                (int) crc.getValue());
    }

    private void checkProducer() throws Refused {
        if (hasProducer && producerId == 0) {
            throw new Refused(
                    Refusal.Code.INVALID_ARGUMENT,
                    "producer.id is 0: allowed is an id that RegisterProducer gave, or no producer");
        }
        if (producerEpoch > Integer.MAX_VALUE) {
            throw new Refused(
                    Refusal.Code.INVALID_ARGUMENT,
                    "producer.epoch is " + producerEpoch + ": allowed is 0 to " + Integer.MAX_VALUE);
        }
    }
}
