package io.taffrail.wal.io.libc;

import io.taffrail.wal.io.Errno;
import io.taffrail.wal.io.IoRequest;
import io.taffrail.wal.io.IoResult;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// A request on its way through the kernel: what of it is done, the memory that the kernel works on, and
/// whether an answer of the kernel ends it. One object serves many requests, one after the other.
public final class Transfer {
    // A kernel that answers EAGAIN or ECANCELED so often for one request will not do it.
    private static final int RETRY_LIMIT = 1000;
    private static final int BLOCK_BYTES = 4096;

    private final int slot;
    private @Nullable IoRequest request;
    private int descriptor;
    private int doneBytes;
    private int retries;
    // Keeps the memory behind `address` from being freed.
    private @Nullable ByteBuffer memory;
    private long address;
    private int bytes;

    public Transfer(int slot) {
        this.slot = slot;
    }

    public void begin(IoRequest newRequest) {
        request = newRequest;
        doneBytes = 0;
        retries = 0;
        switch (newRequest) {
            case IoRequest.Read read -> expose(read.target(), false);
            case IoRequest.Write write -> expose(write.source(), true);
            case IoRequest.Sync _ -> bytes = 0;
        }
    }

    private void expose(ByteBuffer buffer, boolean copyIn) {
        bytes = buffer.remaining();
        if (buffer.isDirect()) {
            memory = buffer;
            address = MemorySegment.ofBuffer(buffer).address();
            return;
        }
        // The garbage collector moves a heap array while the kernel works on it.
        var copy = alignedBuffer(bytes);
        if (copyIn) {
            copy.put(0, buffer, buffer.position(), bytes);
        }
        memory = copy;
        address = MemorySegment.ofBuffer(copy).address();
    }

    private static ByteBuffer alignedBuffer(int bytes) {
        var blocks = (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES + 1;
        return ByteBuffer.allocateDirect(blocks * BLOCK_BYTES).alignedSlice(BLOCK_BYTES);
    }

    public int slot() {
        return slot;
    }

    public IoRequest request() {
        if (request == null) {
            throw new IllegalStateException("the kernel answered transfer " + slot + ", which is not in flight");
        }
        return request;
    }

    public boolean isInFlight() {
        return request != null;
    }

    /// The file's number, good for the next call of the kernel alone: look it up again for one after that.
    public void descriptor(int newDescriptor) {
        descriptor = newDescriptor;
    }

    public int descriptor() {
        return descriptor;
    }

    public long nextAddress() {
        return address + doneBytes;
    }

    public int leftBytes() {
        return bytes - doneBytes;
    }

    public int doneBytes() {
        return doneBytes;
    }

    /// Takes in the kernel's answer: bytes, or a negated errno. Null: the rest is to be asked for.
    public @Nullable IoResult answered(long answer) {
        if (answer < 0) {
            return refused((int) -answer);
        }
        doneBytes += (int) answer;
        var over = leftBytes() == 0 || (request() instanceof IoRequest.Read && endsFile(answer));
        if (over) {
            return new IoResult.Done(doneBytes);
        }
        return answer == 0 ? failed(0, "the kernel took " + doneBytes + " bytes and no more") : null;
    }

    // A direct transfer ends between two blocks only at the file's end, and could not go on from there.
    private boolean endsFile(long answer) {
        return answer == 0 || doneBytes % request().file().blockSizeBytes() != 0;
    }

    private @Nullable IoResult refused(int errno) {
        var again =
                errno == Errno.EINTR.number() || errno == Errno.EAGAIN.number() || errno == Errno.ECANCELED.number();
        return again && retries++ < RETRY_LIMIT ? null : failed(errno, Errno.describe(errno));
    }

    private IoResult failed(int errno, String cause) {
        return new IoResult.Failed(errno, request().describe() + ": " + cause);
    }

    /// Brings what was read to where the owner wants it, and lets go of the memory.
    public void end() {
        if (request instanceof IoRequest.Read read
                && memory != null
                && !read.target().isDirect()) {
            read.target().put(read.target().position(), memory, 0, doneBytes);
        }
        request = null;
        memory = null;
    }
}
