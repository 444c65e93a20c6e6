package io.taffrail.streams;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;

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

    /// A count (4 bytes) and as many items, each of at least `leastBytes`.
    <T> List<T> takeList(int leastBytes, Supplier<T> item) {
        var size = takeInt();
        if (size < 0 || (long) size * leastBytes > in.remaining()) {
            throw corrupt(Integer.toUnsignedString(size) + " items do not fit");
        }
        var items = new ArrayList<T>(size);
        for (var i = 0; i < size; i++) {
            items.add(item.get());
        }
        return Collections.unmodifiableList(items);
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
