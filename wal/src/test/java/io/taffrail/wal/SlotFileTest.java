package io.taffrail.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.file.Buffering;
import io.taffrail.wal.io.file.FileLogDirectory;
import io.taffrail.wal.io.sync.SyncIoMethod;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SlotFileTest {
    @TempDir
    Path path;

    private LogDirectory directory;
    private final SyncIoMethod io = new SyncIoMethod();

    @BeforeEach
    void open() throws IOException {
        directory = FileLogDirectory.open(path, Buffering.BUFFERED);
    }

    @AfterEach
    void close() throws IOException {
        directory.close();
        io.close();
    }

    private static String text(SlotFile slot) {
        var value = slot.value();
        assertNotNull(value);
        return StandardCharsets.UTF_8.decode(value).toString();
    }

    private void write(String... values) {
        try (var slot = SlotFile.open(directory, "meta", io)) {
            var done = new ArrayList<String>();
            for (var value : values) {
                slot.write(WalFixture.bytes(value), failure -> done.add(String.valueOf(failure)));
            }
            while (done.size() < values.length) {
                io.poll();
            }
            assertEquals(List.of("null"), done.stream().distinct().toList());
        }
    }

    private void damage(int slot) throws IOException {
        try (var file = directory.open("meta")) {
            var bytes = ByteBuffer.allocateDirect(4096);
            file.read(bytes, slot * 4096L);
            bytes.put(100, (byte) (bytes.get(100) ^ 1)).flip();
            file.write(bytes, slot * 4096L);
        }
    }

    @Test
    void hasNoValueWhenItIsNew() {
        try (var slot = SlotFile.open(directory, "meta", io)) {
            assertNull(slot.value());
        }
        try (var slot = SlotFile.open(directory, "meta", io)) {
            assertNull(slot.value());
        }
    }

    @Test
    void keepsTheNewestValue() {
        write("one");
        write("two", "three", "four");
        try (var slot = SlotFile.open(directory, "meta", io)) {
            assertEquals("four", text(slot));
        }
    }

    @Test
    void survivesTheLossOfEitherSlotWithTheNewestValue() throws IOException {
        for (var lost = 0; lost < 2; lost++) {
            write("old", "new" + lost);
            damage(lost);
            try (var slot = SlotFile.open(directory, "meta", io)) {
                assertEquals("new" + lost, text(slot));
            }
        }
    }

    @Test
    void refusesToGuessWhenBothSlotsAreDamaged() throws IOException {
        write("one");
        damage(0);
        damage(1);
        assertThrows(WalException.BadEntry.class, () -> SlotFile.open(directory, "meta", io));
    }

    @Test
    void tellsThatTheSecondSlotCouldNotBeWrittenThoughTheFirstIsDurable() throws IOException {
        try (var slow = new HeldIoMethod();
                var slot = SlotFile.open(directory, "meta", slow)) {
            slow.holds = true;
            var done = new ArrayList<String>();
            slot.write(WalFixture.bytes("one"), failure -> done.add(String.valueOf(failure)));
            slow.release(0);
            slow.poll();
            assertEquals(List.of("null"), done);
            assertNull(slot.failure());

            slow.fail(0, 5, "Input/output error");
            slow.poll();
            assertEquals("meta: Input/output error (errno 5)", slot.failure());
            slot.write(WalFixture.bytes("two"), failure -> done.add(String.valueOf(failure)));
            assertEquals(List.of("null", "meta: Input/output error (errno 5)"), done);
        }
        try (var slot = SlotFile.open(directory, "meta", io)) {
            assertEquals("one", text(slot));
        }
    }

    @Test
    void refusesAValueThatIsTooLong() {
        try (var slot = SlotFile.open(directory, "meta", io)) {
            var value = ByteBuffer.allocate(SlotFile.MAX_VALUE_BYTES + 1);
            assertThrows(IllegalArgumentException.class, () -> slot.write(value, failure -> {}));
        }
    }
}
