package io.taffrail.service.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Any bytes of a call in any pieces give the messages that they give in one, and hold no more memory than has come.
/// Plays the inputs in the resources; `scripts/fuzz` looks for new ones.
class MessageDeframerFuzzTest {
    private static final int MOST = 64 << 10;
    private static final int FIRST_CAPACITY_BYTES = 16 << 10;

    @FuzzTest(maxDuration = "5m")
    void cutsWhatCameInPiecesAsItCutsTheWhole(FuzzedDataProvider data) {
        var sizes = new int[] {data.consumeInt(1, 7), data.consumeInt(1, 300), data.consumeInt(1, 20_000)};
        var bytes = data.consumeRemainingAsBytes();
        assertEquals(messages(bytes, new int[] {Integer.MAX_VALUE}), messages(bytes, sizes));
    }

    private static List<Object> messages(byte[] bytes, int[] sizes) {
        var deframer = new MessageDeframer(MOST);
        var found = new ArrayList<>();
        var piece = 0;
        for (var at = 0; at < bytes.length; piece++) {
            var size = Math.min(bytes.length - at, sizes[piece % sizes.length]);
            deframer.add(bytes, at, at + size);
            at += size;
            var next = deframer.next();
            while (next == MessageDeframer.Next.MESSAGE) {
                found.add(ByteBuffer.wrap(Arrays.copyOfRange(
                        deframer.array(), deframer.offset(), deframer.offset() + (int) deframer.length())));
                next = deframer.next();
            }
            assertTrue(deframer.partialBytes() <= Math.max(FIRST_CAPACITY_BYTES, 2 * at), "after " + at + " bytes");
            if (next != MessageDeframer.Next.NEEDS_MORE) {
                found.add(next);
                return found;
            }
        }
        return found;
    }
}
