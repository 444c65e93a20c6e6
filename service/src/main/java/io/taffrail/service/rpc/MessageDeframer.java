package io.taffrail.service.rpc;

import static java.util.Objects.requireNonNull;

import org.jspecify.annotations.Nullable;

/// Cuts the bytes of a call into messages: a flag byte, four bytes of length, the message. A message that lies in one
/// chunk is not copied. One that does not is gathered in an array that grows with what has come. It begins as large as
/// the message that was gathered before it; what the length field alone claims is never given memory.
final class MessageDeframer {
    enum Next {
        /// `array`, `offset` and `length` hold it until the next call.
        MESSAGE,
        NEEDS_MORE,
        TOO_LARGE,
        COMPRESSED
    }

    private static final int PREFIX_BYTES = 5;
    private static final int FIRST_CAPACITY_BYTES = 16 << 10;
    private static final byte[] EMPTY = new byte[0];

    private final int maxMessageBytes;
    private final byte[] prefix = new byte[PREFIX_BYTES];
    private int prefixLength;

    private byte[] chunk = EMPTY;
    private int chunkPosition;
    private int chunkLimit;

    private byte @Nullable [] partial;
    private int partialLength;
    private int expectedBytes = FIRST_CAPACITY_BYTES;

    private byte[] array = EMPTY;
    private int offset;
    private int length;

    MessageDeframer(int maxMessageBytes) {
        this.maxMessageBytes = maxMessageBytes;
    }

    /// The array is the deframer's until [#next] says that it needs more.
    void add(byte[] bytes, int from, int to) {
        if (chunkPosition < chunkLimit) {
            throw new IllegalStateException((chunkLimit - chunkPosition) + " bytes of the last chunk are left");
        }
        chunk = bytes;
        chunkPosition = from;
        chunkLimit = to;
    }

    Next next() {
        while (prefixLength < PREFIX_BYTES) {
            if (chunkPosition == chunkLimit) {
                chunk = EMPTY;
                return Next.NEEDS_MORE;
            }
            prefix[prefixLength++] = chunk[chunkPosition++];
            if (prefixLength == PREFIX_BYTES) {
                length = ((prefix[1] & 0xff) << 24)
                        | ((prefix[2] & 0xff) << 16)
                        | ((prefix[3] & 0xff) << 8)
                        | (prefix[4] & 0xff);
            }
        }
        if (prefix[0] != 0) {
            return Next.COMPRESSED;
        }
        if (length < 0 || length > maxMessageBytes) {
            return Next.TOO_LARGE;
        }
        var available = chunkLimit - chunkPosition;
        if (partial == null && available >= length) {
            array = chunk;
            offset = chunkPosition;
            chunkPosition += length;
            prefixLength = 0;
            return Next.MESSAGE;
        }
        return gather(Math.min(available, length - partialLength));
    }

    private Next gather(int taken) {
        var needed = partialLength + taken;
        if (partial == null || partial.length < needed) {
            var capacity = Math.min(length, Math.max(expectedBytes, Math.max(needed, 2 * partialLength)));
            var larger = new byte[capacity];
            if (partial != null) {
                System.arraycopy(partial, 0, larger, 0, partialLength);
            }
            partial = larger;
        }
        System.arraycopy(chunk, chunkPosition, partial, partialLength, taken);
        chunkPosition += taken;
        partialLength = needed;
        if (partialLength < length) {
            chunk = EMPTY;
            chunkPosition = 0;
            chunkLimit = 0;
            return Next.NEEDS_MORE;
        }
        array = requireNonNull(partial);
        offset = 0;
        partial = null;
        partialLength = 0;
        expectedBytes = Math.max(FIRST_CAPACITY_BYTES, length);
        prefixLength = 0;
        return Next.MESSAGE;
    }

    byte[] array() {
        return array;
    }

    int offset() {
        return offset;
    }

    /// Of the message, or what the length field of one that is too large says.
    long length() {
        return length & 0xffff_ffffL;
    }

    int maxMessageBytes() {
        return maxMessageBytes;
    }

    /// Part of a message is here and the rest is not.
    boolean hasPartial() {
        return prefixLength > 0;
    }

    int partialBytes() {
        return partial == null ? 0 : partial.length;
    }
}
