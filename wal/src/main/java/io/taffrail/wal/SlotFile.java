package io.taffrail.wal;

import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.IoRequest;
import io.taffrail.wal.io.IoResult;
import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.LogFile;
import io.taffrail.wal.segment.Blocks;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// A small durable value that is replaced atomically. Two 4 KiB slots hold it, each with a sequence number and
/// a CRC32C; the newest valid one counts. Both are written, one after the other: the first makes the value
/// durable, the second protects it, so that one rotten block never brings an older value back. The file never
/// changes its size, so a write needs no free space.
///
/// A slot, little-endian:
///
/// | at | bytes | |
/// |---|---|---|
/// | 0 | 4 | magic `TFSL` |
/// | 4 | 4 | CRC32C of the slot from 8 on |
/// | 8 | 8 | sequence number, 0: no value was written yet |
/// | 16 | 4 | length of the value |
/// | 20 | 4 | format version, 1 |
/// | 24 | 8 | 0 |
/// | 32 | | the value, then zeros |
public final class SlotFile implements AutoCloseable {
    private static final int HEADER_BYTES = 32;
    private static final int MAGIC = 0x4c534654;
    private static final int VERSION = 1;
    private static final long AWAIT_NANOS = 1_000_000;

    public static final int MAX_VALUE_BYTES = Blocks.BLOCK_BYTES - HEADER_BYTES;

    private final LogFile file;
    private final IoMethod io;
    private final String name;
    private final @Nullable ByteBuffer value;
    private final ByteBuffer block = Blocks.allocate(Blocks.BLOCK_BYTES);
    private long sequence;
    /// Written first next time: not the slot that was written last, which alone may hold the newest value.
    private int nextSlot;

    private @Nullable ByteBuffer waiting;
    private List<Consumer<@Nullable String>> waitingDone = new ArrayList<>();
    private List<Consumer<@Nullable String>> writingDone = List.of();
    private boolean writing;
    private boolean copying;
    private @Nullable String failure;

    private SlotFile(LogFile file, IoMethod io, String name, Slot newest) {
        this.file = file;
        this.io = io;
        this.name = name;
        this.sequence = newest.sequence;
        this.value = newest.value;
        this.nextSlot = 1 - newest.index;
    }

    private record Slot(int index, long sequence, @Nullable ByteBuffer value) {}

    /// Opens or creates the file (and flushes the directory if it creates it); blocks. Throws
    /// [WalException.BadEntry] if both slots are damaged, [WalException.NoRoom] if there is no room for a new file,
    /// [WalException.Unusable] if the disk refuses otherwise.
    public static SlotFile open(LogDirectory directory, String name, IoMethod io) {
        try {
            if (!directory.exists(name)) {
                create(directory, name);
            }
            var file = directory.open(name);
            var first = read(file, 0);
            var second = read(file, 1);
            if (first == null && second == null) {
                file.close();
                throw new WalException.BadEntry("both slots of " + name + " are damaged");
            }
            var newest = second == null || (first != null && first.sequence >= second.sequence) ? first : second;
            if (newest == null) {
                throw new IllegalStateException("one slot is valid");
            }
            // A process that died may have left a slot written and not flushed, and the other one older: what is
            // handed out now must not be taken back by a power loss.
            var other = newest.index == 0 ? second : first;
            if (other == null || other.sequence != newest.sequence) {
                file.force();
                var copy = Blocks.allocate(Blocks.BLOCK_BYTES);
                encode(copy, newest.sequence, newest.value == null ? ByteBuffer.allocate(0) : newest.value);
                file.write(copy, (1L - newest.index) * Blocks.BLOCK_BYTES);
            }
            file.force();
            return new SlotFile(file, io, name, newest);
        } catch (IOException e) {
            throw WalException.of(name, e);
        }
    }

    private static void create(LogDirectory directory, String name) throws IOException {
        // Under another name until it is whole: a file of this name that is short or zero has been damaged.
        var unfinished = name + ".new";
        if (directory.exists(unfinished)) {
            directory.delete(unfinished);
        }
        try (var file = directory.create(unfinished, 0)) {
            var empty = Blocks.allocate(2 * Blocks.BLOCK_BYTES);
            encode(empty.slice(0, Blocks.BLOCK_BYTES).order(empty.order()), 0, ByteBuffer.allocate(0));
            encode(empty.slice(Blocks.BLOCK_BYTES, Blocks.BLOCK_BYTES).order(empty.order()), 0, ByteBuffer.allocate(0));
            file.write(empty, 0);
            file.force();
        }
        directory.rename(unfinished, name);
        directory.sync();
    }

    private static void encode(ByteBuffer slot, long sequence, ByteBuffer value) {
        slot.clear();
        for (var at = 0; at < Blocks.BLOCK_BYTES; at += Long.BYTES) {
            slot.putLong(at, 0);
        }
        slot.putInt(0, MAGIC);
        slot.putLong(8, sequence);
        slot.putInt(16, value.remaining());
        slot.putInt(20, VERSION);
        slot.put(HEADER_BYTES, value, value.position(), value.remaining());
        slot.putInt(4, checksum(slot));
    }

    private static int checksum(ByteBuffer slot) {
        var crc = new CRC32C();
        crc.update(slot.duplicate().limit(Blocks.BLOCK_BYTES).position(8));
        return (int) crc.getValue();
    }

    private static @Nullable Slot read(LogFile file, int index) throws IOException {
        var slot = Blocks.allocate(Blocks.BLOCK_BYTES);
        while (slot.hasRemaining()) {
            if (file.read(slot, (long) index * Blocks.BLOCK_BYTES + slot.position()) <= 0) {
                return null;
            }
        }
        var length = slot.getInt(16);
        if (slot.getInt(0) != MAGIC || slot.getInt(4) != checksum(slot) || length < 0 || length > MAX_VALUE_BYTES) {
            return null;
        }
        if (slot.getInt(20) != VERSION) {
            throw new IOException("format version " + slot.getInt(20) + ", this is version " + VERSION);
        }
        var sequence = slot.getLong(8);
        var value = ByteBuffer.allocate(length).put(0, slot, HEADER_BYTES, length);
        return new Slot(index, sequence, sequence == 0 ? null : value.asReadOnlyBuffer());
    }

    /// The value as it was when the file was opened; null: none was ever written.
    public @Nullable ByteBuffer value() {
        return value == null ? null : value.duplicate();
    }

    /// What a write failed with; null: none has. Loop only.
    public @Nullable String failure() {
        return failure;
    }

    /// Writes and flushes the value; `done` is called from the loop with null, or with what failed. Writes
    /// are carried out in order; of several that wait only the newest is written, and its completion
    /// completes them all. After a failure every write fails. The second slot is written when `done` has been
    /// called: that this failed only [#failure()] tells.
    public void write(ByteBuffer newValue, Consumer<@Nullable String> done) {
        if (newValue.remaining() > MAX_VALUE_BYTES) {
            throw new IllegalArgumentException(
                    name + ": " + newValue.remaining() + " bytes, at most " + MAX_VALUE_BYTES);
        }
        if (failure != null) {
            done.accept(failure);
            return;
        }
        var copy = ByteBuffer.allocate(newValue.remaining());
        copy.put(0, newValue, newValue.position(), newValue.remaining());
        waiting = copy;
        waitingDone.add(done);
        writeNext();
    }

    private void writeNext() {
        var next = waiting;
        if (next == null || writing) {
            return;
        }
        waiting = null;
        writingDone = waitingDone;
        waitingDone = new ArrayList<>();
        writing = true;
        copying = false;
        sequence++;
        encode(block, sequence, next);
        submit();
    }

    private void submit() {
        io.submit(new IoRequest.Write(
                file, block.duplicate().clear(), (long) nextSlot * Blocks.BLOCK_BYTES, true, this::completed));
    }

    private void completed(IoResult result) {
        if (result instanceof IoResult.Failed(int errno, String message) && failure == null) {
            failure = name + ": " + message + " (errno " + errno + ")";
        }
        nextSlot = 1 - nextSlot;
        var first = !copying;
        if (failure == null && first) {
            copying = true;
            submit();
        } else {
            writing = false;
        }
        if (first) {
            var done = writingDone;
            writingDone = List.of();
            done.forEach(each -> each.accept(failure));
        }
        if (failure == null) {
            writeNext();
        } else {
            failWaiting();
        }
    }

    private void failWaiting() {
        waiting = null;
        var done = waitingDone;
        waitingDone = new ArrayList<>();
        done.forEach(each -> each.accept(failure));
    }

    /// Waits for what is being written, both copies of it, and of what waits for that; blocks. [#failure()] tells
    /// whether it is there.
    public void awaitWrites() {
        while (writing) {
            io.await(AWAIT_NANOS);
            io.poll();
        }
    }

    /// Waits for what is being written.
    @Override
    public void close() {
        awaitWrites();
        try {
            file.close();
        } catch (IOException e) {
            throw new WalException.Unusable(name + ": " + e);
        }
    }
}
