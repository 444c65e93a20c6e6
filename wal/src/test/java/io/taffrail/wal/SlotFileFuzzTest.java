package io.taffrail.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.taffrail.wal.io.sync.SyncIoMethod;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Any bytes as a slot file: opening it gives a value, or says that both slots are damaged or of another version;
/// opening it again gives the same. Plays the inputs in the resources; `scripts/fuzz` looks for new ones.
class SlotFileFuzzTest {
    private static final int SLOT_BYTES = 4096;

    @FuzzTest(maxDuration = "5m")
    void anyBytes(byte[] bytes) {
        openTwice(bytes);
    }

    /// Two slots, each with the checksum that it ought to have, so that the fuzzer reaches the fields.
    @FuzzTest(maxDuration = "5m")
    void slotsThatAreSealed(byte[] bytes) {
        var file = ByteBuffer.allocate(2 * SLOT_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (var slot = 0; slot < 2; slot++) {
            var from = Math.min(bytes.length, slot * bytes.length / 2);
            var part = Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + 200));
            file.put(slot * SLOT_BYTES, part);
            var crc = new CRC32C();
            crc.update(file.array(), slot * SLOT_BYTES + 8, SLOT_BYTES - 8);
            file.putInt(slot * SLOT_BYTES, 0x4c534654).putInt(slot * SLOT_BYTES + 4, (int) crc.getValue());
        }
        openTwice(file.array());
    }

    private static void openTwice(byte[] bytes) {
        var directory = MemoryDirectory.of(Map.of("meta", bytes));
        try {
            var first = open(directory);
            assertEquals(first, open(directory));
        } catch (WalException.BadEntry | WalException.Unusable refused) {
            return;
        }
    }

    private static @Nullable ByteBuffer open(MemoryDirectory directory) {
        try (var slot = SlotFile.open(directory, "meta", new SyncIoMethod())) {
            return slot.value();
        }
    }
}
