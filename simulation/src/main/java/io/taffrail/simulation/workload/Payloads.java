package io.taffrail.simulation.workload;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/// Records as a client encodes them: `repeated Record records = 15`, each with a value that names its batch.
final class Payloads {
    private static final int RECORDS_TAG = (15 << 3) | 2;
    private static final int VALUE_TAG = (1 << 3) | 2;

    private Payloads() {}

    static ByteBuffer records(long batch, int count, int valueBytes) {
        var bytes = ByteBuffer.allocate(count * (valueBytes + 16));
        for (var record = 0; record < count; record++) {
            var value = Math.max(12, valueBytes);
            bytes.put((byte) RECORDS_TAG);
            varint(bytes, 1 + size(value) + value);
            bytes.put((byte) VALUE_TAG);
            varint(bytes, value);
            bytes.putLong(batch).putInt(record);
            for (var i = 12; i < value; i++) {
                bytes.put((byte) (batch * 31 + record + i));
            }
        }
        return bytes.flip();
    }

    static int crc(ByteBuffer bytes) {
        var crc = new CRC32C();
        crc.update(bytes.duplicate());
        return (int) crc.getValue();
    }

    private static int size(int value) {
        return value < 128 ? 1 : value < 16_384 ? 2 : 3;
    }

    private static void varint(ByteBuffer bytes, int value) {
        var rest = value;
        while (rest >= 128) {
            bytes.put((byte) (rest | 128));
            rest >>>= 7;
        }
        bytes.put((byte) rest);
    }
}
