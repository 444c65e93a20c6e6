package io.taffrail.streams;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/// Reads what [ByteWriter] wrote, and trusts none of it: every refusal is a [CorruptStateException] that
/// says where.
final class ByteReader {
    private final String what;
    private final ByteBuffer in;

    /// `in` is little-endian.
    ByteReader(String what, ByteBuffer in) {
        this.what = what;
        this.in = in;
    }

    byte takeByte() {
        need(1);
        return in.get();
    }

    int takeShort() {
        need(2);
        return Short.toUnsignedInt(in.getShort());
    }

    int takeInt() {
        need(4);
        return in.getInt();
    }

    long takeLong() {
        need(8);
        return in.getLong();
    }

    /// A number that is never negative.
    long takeCount() {
        var value = takeLong();
        if (value < 0) {
            throw corrupt("negative: " + value);
        }
        return value;
    }

    /// How many of something follow, each of at least `leastBytes`.
    int takeSize(int leastBytes) {
        var size = takeInt();
        if (size < 0 || (long) size * leastBytes > in.remaining()) {
            throw corrupt(Integer.toUnsignedString(size) + " items do not fit");
        }
        return size;
    }

    long takeId() {
        var id = takeLong();
        if (id < 1) {
            throw corrupt("id " + id + " is below 1");
        }
        return id;
    }

    String takeName() {
        var name = takeString(Names.MAX_BYTES);
        if (name.isEmpty()) {
            throw corrupt("empty name");
        }
        return name;
    }

    String takeString(int maxBytes) {
        var length = takeShort();
        if (length > maxBytes) {
            throw corrupt("a string of " + length + " bytes, at most " + maxBytes);
        }
        need(length);
        var bytes = in.slice(in.position(), length);
        in.position(in.position() + length);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException e) {
            throw new CorruptStateException(what + " at " + in.position() + ": not UTF-8", e);
        }
    }

    void expectEnd() {
        if (in.hasRemaining()) {
            throw corrupt(in.remaining() + " bytes too many");
        }
    }

    CorruptStateException corrupt(String message) {
        return new CorruptStateException(what + " at " + in.position() + ": " + message);
    }

    private void need(int bytes) {
        if (in.remaining() < bytes) {
            throw corrupt("ends, " + bytes + " more bytes expected");
        }
    }
}
