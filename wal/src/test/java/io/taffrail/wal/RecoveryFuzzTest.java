package io.taffrail.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.taffrail.wal.record.EntryCursor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/// Any bytes may stand in the files. Runs on the inputs that are kept in the resources; `scripts/fuzz`
/// looks for new ones.
class RecoveryFuzzTest {
    private static final List<String> PAYLOADS = List.of("a", "bb", "ccc", "dddd", "eeeee", "ffffff");

    @FuzzTest(maxDuration = "5m")
    void recoversAPrefixOfAnyDamagedLog(FuzzedDataProvider data) {
        var log = new MemoryLog(new MemoryDirectory(), MemoryLog.CONFIG, 0);
        for (var payload : PAYLOADS) {
            log.append(payload);
            log.flush();
        }
        var image = log.directory.image();
        var names = new ArrayList<>(image.keySet());
        for (var patches = data.consumeInt(0, 8); patches > 0; patches--) {
            var name = data.pickValue(names);
            var at = data.consumeInt(0, (16 << 10) - 1);
            var bytes = data.consumeBytes(64);
            var file = image.get(name);
            if (file != null) {
                System.arraycopy(bytes, 0, file, at, Math.min(bytes.length, file.length - at));
            }
        }
        var directory = MemoryDirectory.of(image);
        var damaged = new MemoryLog(directory, MemoryLog.CONFIG, 0);
        var read = damaged.read();
        var first = PAYLOADS.size()
                - (int) PAYLOADS.stream()
                        .dropWhile(each -> !read.contains(each))
                        .count();
        assertEquals(PAYLOADS.subList(first, first + read.size()), read);
        var again = new MemoryLog(directory, MemoryLog.CONFIG, 0);
        assertEquals(read, again.read());
    }

    @FuzzTest(maxDuration = "5m")
    void readsNothingBehindTheEndOfAnyBytes(byte[] bytes) {
        var buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        var cursor = new EntryCursor();
        cursor.reset(0, 0, 0);
        for (var at = 0; cursor.accept(buffer, at, bytes.length) == null; at += cursor.lengthBytes()) {
            assertEquals(at + cursor.lengthBytes(), cursor.lsn());
        }
    }
}
