package io.taffrail.service.rpc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MessageDeframerTest {
    private static final int MOST = 100_000;

    private static byte[] framed(byte[]... messages) {
        var bytes = new ByteArrayOutputStream();
        for (var message : messages) {
            bytes.writeBytes(
                    ByteBuffer.allocate(5).put((byte) 0).putInt(message.length).array());
            bytes.writeBytes(message);
        }
        return bytes.toByteArray();
    }

    private static byte[] message(MessageDeframer deframer) {
        return Arrays.copyOfRange(deframer.array(), deframer.offset(), deframer.offset() + (int) deframer.length());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void cutsTheSameMessagesOutOfAnyChunks(long seed) {
        var random = new SplittableRandom(seed);
        var messages = new byte[40][];
        for (var i = 0; i < messages.length; i++) {
            messages[i] = new byte[random.nextInt(4) == 0 ? random.nextInt(MOST) : random.nextInt(20)];
            random.nextBytes(messages[i]);
        }
        var stream = framed(messages);
        var deframer = new MessageDeframer(MOST);
        List<byte[]> found = new ArrayList<>();
        for (var at = 0; at < stream.length; ) {
            var size = Math.min(stream.length - at, 1 + random.nextInt(30_000));
            deframer.add(stream, at, at + size);
            at += size;
            while (deframer.next() == MessageDeframer.Next.MESSAGE) {
                found.add(message(deframer));
            }
        }
        assertEquals(messages.length, found.size());
        for (var i = 0; i < messages.length; i++) {
            assertArrayEquals(messages[i], found.get(i));
        }
        assertFalse(deframer.hasPartial());
    }

    @Test
    void aLengthThatIsTooLargeIsRefusedBeforeAnythingIsKept() {
        var deframer = new MessageDeframer(MOST);
        deframer.add(new byte[] {0, 0x7f, -1, -1, -1, 1, 2, 3}, 0, 8);
        assertEquals(MessageDeframer.Next.TOO_LARGE, deframer.next());
        assertEquals(Integer.MAX_VALUE, deframer.length());
        assertEquals(0, deframer.partialBytes());
        var negative = new MessageDeframer(MOST);
        negative.add(new byte[] {0, -1, -1, -1, -1}, 0, 5);
        assertEquals(MessageDeframer.Next.TOO_LARGE, negative.next());
        assertEquals(0xffff_ffffL, negative.length());
    }

    @Test
    void memoryGrowsWithWhatHasComeNotWithWhatIsClaimed() {
        var deframer = new MessageDeframer(64 << 20);
        var claim = ByteBuffer.allocate(15).put((byte) 0).putInt(64 << 20).array();
        deframer.add(claim, 0, claim.length);
        assertEquals(MessageDeframer.Next.NEEDS_MORE, deframer.next());
        assertTrue(deframer.hasPartial());
        assertTrue(deframer.partialBytes() <= 16 << 10, "" + deframer.partialBytes());
    }

    @Test
    void aMessageAsLargeAsTheOneBeforeIsGatheredWithoutGrowing() {
        var deframer = new MessageDeframer(MOST);
        var large = new byte[MOST];
        assertEquals(16 << 10, keptOfThousandBytes(deframer, large));
        assertEquals(large.length, keptOfThousandBytes(deframer, large));
        var small = new byte[2_000];
        assertEquals(small.length, keptOfThousandBytes(deframer, small));
        assertEquals(16 << 10, keptOfThousandBytes(deframer, large));
    }

    /// What is kept when so much of a message has come. Then the rest of it comes.
    private static int keptOfThousandBytes(MessageDeframer deframer, byte[] message) {
        var framed = framed(message);
        deframer.add(framed, 0, 1_000);
        assertEquals(MessageDeframer.Next.NEEDS_MORE, deframer.next());
        var kept = deframer.partialBytes();
        deframer.add(framed, 1_000, framed.length);
        assertEquals(MessageDeframer.Next.MESSAGE, deframer.next());
        assertArrayEquals(message, message(deframer));
        assertEquals(MessageDeframer.Next.NEEDS_MORE, deframer.next());
        return kept;
    }

    @Test
    void compressedMessagesAreTold() {
        var deframer = new MessageDeframer(MOST);
        deframer.add(new byte[] {1, 0, 0, 0, 0}, 0, 5);
        assertEquals(MessageDeframer.Next.COMPRESSED, deframer.next());
    }
}
