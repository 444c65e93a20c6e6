package io.taffrail.replication.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.taffrail.replication.protocol.Configuration;
import io.taffrail.replication.protocol.EpochStart;
import io.taffrail.replication.protocol.Eviction;
import io.taffrail.replication.protocol.HardState;
import io.taffrail.replication.protocol.LogPosition;
import io.taffrail.replication.protocol.LoggedConfiguration;
import io.taffrail.replication.protocol.Member;
import io.taffrail.replication.protocol.Standing;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Whatever the bytes, decoding ends with a value or a [MalformedException], and what decodes says the same once it
/// was encoded again. Plays the inputs in the resources; `scripts/fuzz` looks for new ones.
class CodecFuzzTest {
    private static final int SLOT_BYTES = 4064;

    static Stream<Arguments> frames() {
        return FrameCodecTest.messages()
                .map(message -> Arguments.of((Object) bytes(FrameCodec.encode(
                        new Envelope(2, new UUID(3, 4), 5, new UUID(6, 7), new UUID(8, 9)), message))));
    }

    static Stream<Arguments> metaValues() {
        var member = new Member(1, new UUID(1, 2), "here:1", "here:2");
        var logged = new LoggedConfiguration(9, new Configuration(3, List.of(member), List.of()));
        var hard = new HardState(
                new UUID(1, 1),
                new UUID(2, 2),
                7,
                1,
                3,
                true,
                false,
                List.of(logged),
                new Standing(
                        List.of(new UUID(5, 5)),
                        Standing.Beginning.FORCED_HERE,
                        Eviction.OLDER_VOLUME,
                        List.of(new Standing.Seen(new UUID(6, 6), 9))));
        var none = new HardState(null, null, 0, 0, 0, false, false, List.of(), Standing.NEW);
        return Stream.of(hard, none)
                .map(each -> new ReplicaMeta(1, new UUID(3, 3), 4, each, new LogPosition(99, 7, 5)))
                .map(meta -> Arguments.of((Object) bytes(meta.encode(SLOT_BYTES))));
    }

    static Stream<Arguments> lineages() {
        var starts = List.of(new EpochStart(1, 0, 0, 0), new EpochStart(7, 4096, 1, -1));
        return Stream.of(Arguments.of((Object) bytes(LineageCodec.encode(starts, SLOT_BYTES))));
    }

    private static byte[] bytes(ByteBuffer buffer) {
        var bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    @MethodSource("frames")
    @FuzzTest(maxDuration = "5m")
    void aFrame(byte[] bytes) {
        decode(ByteBuffer.wrap(bytes));
    }

    /// With magic, length and checksum that are right, so that the fuzzer reaches what stands behind them.
    @MethodSource("frames")
    @FuzzTest(maxDuration = "5m")
    void aFrameThatIsSealed(byte[] bytes) {
        if (bytes.length < 12) {
            return;
        }
        var frame = ByteBuffer.allocate(bytes.length).order(ByteOrder.LITTLE_ENDIAN);
        frame.put(bytes);
        frame.putShort(0, (short) 0x5446).put(2, (byte) 1);
        decode(FrameCodec.finish(frame));
    }

    private static void decode(ByteBuffer frame) {
        FrameCodec.Decoded decoded;
        FrameCodec.carriesEntries(frame);
        try {
            decoded = FrameCodec.decode(frame);
        } catch (MalformedException refused) {
            return;
        }
        var again = FrameCodec.decode(FrameCodec.encode(decoded.envelope(), decoded.message()));
        assertEquals(decoded, again);
    }

    @MethodSource("metaValues")
    @FuzzTest(maxDuration = "5m")
    void theMetaFilesValue(byte[] bytes) {
        try {
            var meta = ReplicaMeta.decode(ByteBuffer.wrap(bytes));
            assertEquals(meta, ReplicaMeta.decode(meta.encode(64 << 10)));
        } catch (MalformedException refused) {
            return;
        }
    }

    @MethodSource("lineages")
    @FuzzTest(maxDuration = "5m")
    void aLineage(byte[] bytes) {
        try {
            var starts = LineageCodec.decode(ByteBuffer.wrap(bytes));
            var newest = LineageCodec.decode(LineageCodec.encode(starts, SLOT_BYTES));
            assertEquals(starts.subList(starts.size() - newest.size(), starts.size()), newest);
        } catch (MalformedException refused) {
            return;
        }
    }

    static Stream<Arguments> protocolEntries() {
        var members = List.of(new Member(1, new UUID(1, 2), "here:1", "here:2"));
        return Stream.of(
                Arguments.of((Object) bytes(ControlEntryCodec.encode(new Configuration(3, members, List.of())))));
    }

    @MethodSource("protocolEntries")
    @FuzzTest(maxDuration = "5m")
    void theEntriesOfTheProtocol(byte[] bytes) {
        try {
            var begin = ControlEntryCodec.epochBegin(ByteBuffer.wrap(bytes));
            assertEquals(begin, ControlEntryCodec.epochBegin(ControlEntryCodec.encode(begin)));
        } catch (MalformedException refused) {
            // A configuration, perhaps.
        }
        try {
            var configuration = ControlEntryCodec.configuration(ByteBuffer.wrap(bytes));
            assertEquals(configuration, ControlEntryCodec.configuration(ControlEntryCodec.encode(configuration)));
        } catch (MalformedException refused) {
            return;
        }
    }
}
