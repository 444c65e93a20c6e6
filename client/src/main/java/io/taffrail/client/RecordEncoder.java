package io.taffrail.client;

import com.google.protobuf.CodedOutputStream;
import io.taffrail.proto.log.AppendRequest;
import io.taffrail.proto.log.Record;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.zip.CRC32C;

/// Records as `AppendRequest` carries them: `repeated Record records = 15`, tags and lengths included, one after
/// another. A record becomes bytes when it is appended, so that a batch is one array however many records it has, and
/// is sent again unchanged.
final class RecordEncoder {
    private static final byte RECORDS_TAG = (AppendRequest.RECORDS_FIELD_NUMBER << 3) | 2;
    private static final byte VALUE_TAG = (Record.VALUE_FIELD_NUMBER << 3) | 2;
    // Two tags and two lengths of at most five bytes each.
    private static final int MAX_VALUE_OVERHEAD_BYTES = 12;

    private byte[] bytes;
    private int size;
    private int count;

    RecordEncoder(int expectedBytes) {
        bytes = new byte[Math.max(64, expectedBytes)];
    }

    int size() {
        return size;
    }

    int count() {
        return count;
    }

    byte[] bytes() {
        return bytes;
    }

    int crc32c() {
        var crc = new CRC32C();
        crc.update(bytes, 0, size);
        return (int) crc.getValue();
    }

    /// An upper bound, so that the caller knows beforehand whether it fits.
    static int encodedSize(int valueBytes) {
        return Math.addExact(valueBytes, MAX_VALUE_OVERHEAD_BYTES);
    }

    static int encodedSize(Record record) {
        return Math.addExact(record.getSerializedSize(), 6);
    }

    void add(byte[] value, int offset, int length) {
        reserve(encodedSize(length));
        bytes[size++] = RECORDS_TAG;
        // As in any proto3 message, a field with nothing in it is left out.
        if (length == 0) {
            bytes[size++] = 0;
        } else {
            putVarint(1 + CodedOutputStream.computeUInt32SizeNoTag(length) + length);
            bytes[size++] = VALUE_TAG;
            putVarint(length);
            System.arraycopy(value, offset, bytes, size, length);
            size += length;
        }
        count++;
    }

    void add(Record record) {
        var length = record.getSerializedSize();
        reserve(encodedSize(record));
        bytes[size++] = RECORDS_TAG;
        putVarint(length);
        try {
            var out = CodedOutputStream.newInstance(bytes, size, length);
            record.writeTo(out);
            out.checkNoSpaceLeft();
        } catch (IOException impossible) {
            throw new UncheckedIOException("a record's size and its bytes disagree", impossible);
        }
        size += length;
        count++;
    }

    private void putVarint(int value) {
        var rest = value;
        while ((rest & ~0x7f) != 0) {
            bytes[size++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        bytes[size++] = (byte) rest;
    }

    private void reserve(int more) {
        var needed = Math.addExact(size, more);
        if (needed > bytes.length) {
            bytes = Arrays.copyOf(bytes, (int) Math.max(needed, Math.min(2L * bytes.length, Integer.MAX_VALUE - 8)));
        }
    }
}
