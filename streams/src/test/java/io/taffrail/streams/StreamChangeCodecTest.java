package io.taffrail.streams;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The bytes are on disks and on their way between versions: a change here is a change of the format.
class StreamChangeCodecTest {
    private static final StreamConfig CONFIG = new StreamConfig(
            CommitMode.ASYNC,
            ReplicationMode.ALL,
            null,
            ReplicationMode.ASYNC,
            86_400_000,
            1L << 40,
            new TreeMap<>(Map.of("owner", "op", "a", "")));

    static Stream<Arguments> golden() {
        return Stream.of(
                Arguments.of(
                        new StreamChange.Created(0x0102030405060708L, 7, "s\u00e4", CONFIG),
                        "01 01 0807060504030201 0700000000000000 0300 73c3a4 01 03 00 01 005c260500000000"
                                + " 0000000000010000 0200 0100 61 0000 0500 6f776e6572 0200 6f70"),
                Arguments.of(
                        new StreamChange.Updated(1, 7, TestLog.PLAIN),
                        "01 02 0100000000000000 0700000000000000 00 00 00 00 0000000000000000 0000000000000000 0000"),
                Arguments.of(new StreamChange.Deleted(1, 7), "01 03 0100000000000000 0700000000000000"),
                Arguments.of(
                        new StreamChange.Trimmed(1, 7, 10, -1, 0, 400),
                        "01 04 0100000000000000 0700000000000000 0a00000000000000 ffffffffffffffff 0000000000000000"
                                + " 9001000000000000"),
                Arguments.of(
                        new StreamChange.Fenced(1, 7, 5), "01 05 0100000000000000 0700000000000000 0500000000000000"),
                Arguments.of(
                        new StreamChange.ProducerRegistered(1, 3, 2, "p"),
                        "01 06 0100000000000000 0300000000000000 02000000 0100 70"),
                Arguments.of(new StreamChange.ProducersExpired(1, 9), "01 07 0100000000000000 0900000000000000"),
                Arguments.of(
                        new StreamChange.CursorCommitted(1, 7, "c", 8),
                        "01 08 0100000000000000 0700000000000000 0100 63 0800000000000000"),
                Arguments.of(
                        new StreamChange.CursorDeleted(1, 7, "c"), "01 09 0100000000000000 0700000000000000 0100 63"));
    }

    @ParameterizedTest
    @MethodSource("golden")
    void keepsItsBytes(StreamChange change, String hex) {
        var bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
        var encoded = StreamChangeCodec.encode(change);
        var actual = new byte[encoded.remaining()];
        encoded.duplicate().get(actual);
        assertEquals(HexFormat.of().formatHex(bytes), HexFormat.of().formatHex(actual));
        assertEquals(change, StreamChangeCodec.decode(ByteBuffer.wrap(bytes)));
    }

    @ParameterizedTest
    @MethodSource("golden")
    void refusesEveryCutAndEveryByteTooMany(StreamChange change, String hex) {
        var bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
        for (var length = 0; length < bytes.length; length++) {
            var cut = ByteBuffer.wrap(bytes, 0, length);
            assertThrows(CorruptStateException.class, () -> StreamChangeCodec.decode(cut), change.toString());
        }
        var longer = ByteBuffer.wrap(Arrays.copyOf(bytes, bytes.length + 1));
        assertThrows(CorruptStateException.class, () -> StreamChangeCodec.decode(longer));
    }

    @Test
    void refusesWhatThisVersionDoesNotKnow() {
        for (var hex : List.of("02 03 0100000000000000 0700000000000000", "01 0a 0100000000000000 0700000000000000")) {
            var bytes = ByteBuffer.wrap(HexFormat.of().parseHex(hex.replace(" ", "")));
            assertThrows(CorruptStateException.class, () -> StreamChangeCodec.decode(bytes));
        }
    }

    @Test
    void whatItDecodesEncodesToTheSameBytesWhateverTheInput() {
        var random = new SplittableRandom(1);
        var decoded = 0;
        for (var round = 0; round < 200_000; round++) {
            var bytes = new byte[random.nextInt(80)];
            random.nextBytes(bytes);
            if (bytes.length > 10) {
                bytes[0] = 1;
                bytes[1] = (byte) random.nextInt(1, 10);
                // Small numbers, so that ids and lengths are often possible.
                for (var i = 10; i < bytes.length; i++) {
                    bytes[i] = random.nextInt(3) == 0 ? (byte) random.nextInt(4) : 0;
                }
            }
            var change = decodeOrNull(bytes);
            if (change != null) {
                assertEquals(ByteBuffer.wrap(bytes), StreamChangeCodec.encode(change));
                decoded++;
            }
        }
        assertTrue(decoded > 100, "decoded: " + decoded);
    }

    private static @Nullable StreamChange decodeOrNull(byte[] bytes) {
        try {
            return StreamChangeCodec.decode(ByteBuffer.wrap(bytes));
        } catch (CorruptStateException e) {
            return null;
        }
    }

    @Test
    void aRecordsPrefixKeepsItsBytes() {
        var log = new TestLog();
        log.nowMillis = 0x1234;
        var store = StreamStore.open(new MemoryDirectory(), Runnable::run, StreamStoreConfig.DEFAULTS);
        log.create(store, "s");
        var producer = log.register(store, "p");
        var accepted = (AppendDecision.Accepted) log.append(store, log.intent("s", producer, 0, 0, 3, 0x0a0b0c0d));
        var actual = new byte[RecordsPayload.PREFIX_BYTES];
        accepted.prefix().duplicate().get(actual);
        assertEquals(
                ("0100000000000000 0000000000000000 3412000000000000 0100000000000000 0000000000000000"
                                + " 00000000 03000000 0d0c0b0a 00000000")
                        .replace(" ", ""),
                HexFormat.of().formatHex(actual));
    }
}
