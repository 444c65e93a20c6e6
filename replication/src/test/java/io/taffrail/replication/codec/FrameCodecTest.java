package io.taffrail.replication.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.replication.protocol.Configuration;
import io.taffrail.replication.protocol.Effect;
import io.taffrail.replication.protocol.EpochStart;
import io.taffrail.replication.protocol.Eviction;
import io.taffrail.replication.protocol.HardState;
import io.taffrail.replication.protocol.Integrity;
import io.taffrail.replication.protocol.LogPosition;
import io.taffrail.replication.protocol.LoggedConfiguration;
import io.taffrail.replication.protocol.Member;
import io.taffrail.replication.protocol.Message;
import io.taffrail.replication.protocol.Standing;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class FrameCodecTest {
    private static final Envelope MEMBER = new Envelope(2, new UUID(3, 4), 5, new UUID(6, 7), new UUID(8, 9));
    private static final Envelope STRANGER = new Envelope(2, new UUID(3, 4), 5, null, null);
    private static final LogPosition POSITION = new LogPosition(1L << 40, 12, 0x89abcdef);
    private static final List<EpochStart> LINEAGE = List.of(new EpochStart(1, 0, 0, 0), new EpochStart(7, 4096, 1, -1));
    private static final Message.LeaderView VIEW = new Message.LeaderView(-5, 100, 90, true);
    private static final LoggedConfiguration LOGGED = new LoggedConfiguration(
            99,
            new Configuration(
                    3,
                    List.of(member(0), member(1), member(2)),
                    List.of(new Member(9, new UUID(1, 9), "lernér:9091", ""))));

    private static Member member(int id) {
        return new Member(
                id, new UUID(0, id), "taffrail-%s.peers:9091".formatted(id), "taffrail-%s:9090".formatted(id));
    }

    static Stream<Message> messages() {
        return Stream.of(
                new Message.Invite(new UUID(1, 2), new UUID(3, 4), List.of(new UUID(5, 6), new UUID(7, 8)), LOGGED),
                new Message.Uninitialized(),
                new Message.PreVote(4, POSITION),
                new Message.PreVoteReply(4, true, 3, POSITION, LOGGED),
                new Message.Prepare(4),
                new Message.Promise(4, Integrity.AMNESIC, POSITION, LINEAGE, 50, 40, LOGGED, -1),
                new Message.Stale(4, 5),
                new Message.Outdated(new UUID(8, 9), 7),
                new Message.Fetch(4, POSITION),
                new Message.Compare(4, 77, 1000, -3),
                new Message.Compared(4, 77, 1000, 3),
                new Message.RangeRequest(POSITION, POSITION),
                new Message.Range(POSITION, ByteBuffer.wrap(new byte[] {1, 2, 3})),
                new Message.Range(POSITION, ByteBuffer.allocate(0)),
                new Message.Fetched(4, POSITION, ByteBuffer.wrap(new byte[] {1, 2, 3})),
                new Message.TimeoutNow(4),
                new Message.Heartbeat(4, 77, VIEW, 1000),
                new Message.Replicate(4, 77, VIEW, POSITION, true, ByteBuffer.wrap(new byte[] {4, 5})),
                new Message.Replicate(4, 77, VIEW, POSITION, false, ByteBuffer.allocate(0)),
                new Message.Join(4, 1, Integrity.SUSPECT, 10, POSITION, LINEAGE),
                new Message.Welcome(4, 1, 77, POSITION, 2000),
                new Message.Reseed(4, 1, POSITION, LINEAGE, LOGGED, List.of(new Message.SeedFile("a.index", 4096))),
                new Message.SeedRequest(4, "a.index", 4096),
                new Message.SeedChunk(4, "a.index", 4096, ByteBuffer.wrap(new byte[] {7, 8})),
                new Message.Acknowledge(4, 77, Integrity.INTACT, 3000, 2000, 1000, -5));
    }

    @ParameterizedTest
    @MethodSource("messages")
    void whatIsReadIsWhatWasWritten(Message message) {
        for (var envelope : List.of(MEMBER, STRANGER)) {
            var decoded = FrameCodec.decode(FrameCodec.encode(envelope, message));
            assertEquals(envelope, decoded.envelope());
            assertEquals(message, decoded.message());
        }
    }

    static Stream<Message> messagesAsLargeAsTheyMayBe() {
        var address = "é".repeat(Fields.MAX_TEXT_BYTES / 2);
        var member = new Member(1, new UUID(0, 1), address, address);
        var members = Collections.nCopies(Fields.MAX_MEMBERS, member);
        var logged = new LoggedConfiguration(99, new Configuration(3, members, members));
        var lineage = Collections.nCopies(Fields.MAX_EPOCHS, new EpochStart(7, 4096, 1, -1));
        var histories = Collections.nCopies(Fields.MAX_HISTORIES, new UUID(5, 6));
        return Stream.of(
                new Message.Invite(new UUID(1, 2), new UUID(3, 4), histories, logged),
                new Message.Promise(4, Integrity.AMNESIC, POSITION, lineage, 50, 40, logged, -1),
                new Message.Join(4, 1, Integrity.SUSPECT, 10, POSITION, lineage));
    }

    @ParameterizedTest
    @MethodSource("messagesAsLargeAsTheyMayBe")
    void theFrameIsLargeEnough(Message message) {
        assertEquals(
                message, FrameCodec.decode(FrameCodec.encode(MEMBER, message)).message());
    }

    @ParameterizedTest
    @MethodSource("messages")
    void everyFlippedBitIsFound(Message message) {
        var frame = FrameCodec.encode(MEMBER, message);
        for (var bit = 0; bit < frame.limit() * 8; bit++) {
            var damaged =
                    ByteBuffer.allocate(frame.limit()).put(frame.duplicate()).flip();
            damaged.put(bit / 8, (byte) (damaged.get(bit / 8) ^ (1 << (bit % 8))));
            assertThrows(MalformedException.class, () -> FrameCodec.decode(damaged), "bit " + bit);
        }
    }

    @ParameterizedTest
    @MethodSource("messages")
    void everyCutIsFound(Message message) {
        var frame = FrameCodec.encode(MEMBER, message);
        for (var length = 0; length < frame.limit(); length++) {
            var cut = frame.duplicate().limit(length);
            assertThrows(MalformedException.class, () -> FrameCodec.decode(cut), "cut at " + length);
        }
    }

    @Test
    void bodiesThatWereNeverWrittenAreRefusedEvenWithAValidChecksum() {
        var random = new Random(7);
        for (var i = 0; i < 20_000; i++) {
            var frame = FrameCodec.encode(MEMBER, new Message.Prepare(1));
            var body = new byte[random.nextInt(200)];
            random.nextBytes(body);
            var forged = ByteBuffer.allocate(73 + body.length)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .put(frame.duplicate().limit(73))
                    .put(body);
            forged.put(3, (byte) random.nextInt(20));
            FrameCodec.finish(forged);
            try {
                FrameCodec.decode(forged);
            } catch (MalformedException expected) {
                // Any other exception fails the test.
            }
        }
    }

    @Test
    void framesOfAnotherClusterOrHistoryAreNotForUs() {
        assertTrue(MEMBER.isOf(new UUID(6, 7), new UUID(8, 9)));
        assertFalse(MEMBER.isOf(new UUID(6, 6), new UUID(8, 9)));
        assertFalse(MEMBER.isOf(new UUID(6, 7), new UUID(8, 8)));
        assertTrue(STRANGER.isOf(new UUID(6, 7), new UUID(8, 9)));
        assertTrue(MEMBER.isOf(null, null));
    }

    @Test
    void onlyFramesWithEntriesSayThatTheyCarryThem() {
        messages()
                .forEach(message -> assertEquals(
                        message instanceof Message.Replicate || message instanceof Message.Fetched,
                        FrameCodec.carriesEntries(FrameCodec.encode(MEMBER, message))));
    }

    @Test
    void controlEntriesReadAsWritten() {
        var begin = new Effect.EpochBegin(LINEAGE.get(1), 2, 5, 3, 2, true, List.of(0, 2));
        assertEquals(begin, ControlEntryCodec.epochBegin(ControlEntryCodec.encode(begin)));
        assertEquals(
                LOGGED.configuration(),
                ControlEntryCodec.configuration(ControlEntryCodec.encode(LOGGED.configuration())));
        assertThrows(
                MalformedException.class, () -> ControlEntryCodec.epochBegin(ByteBuffer.wrap(new byte[] {1, 2, 3})));
        assertThrows(
                MalformedException.class, () -> ControlEntryCodec.configuration(ByteBuffer.wrap(new byte[] {9, 2, 3})));
    }

    @Test
    void metaReadsAsWrittenAndKeepsTheNewestConfigurationsThatFit() {
        var configurations = new ArrayList<LoggedConfiguration>();
        for (var i = 0; i < 3; i++) {
            configurations.add(new LoggedConfiguration(i, LOGGED.configuration()));
        }
        var hard = new HardState(
                new UUID(1, 1),
                new UUID(2, 2),
                9,
                1,
                4,
                true,
                true,
                List.copyOf(configurations),
                new Standing(
                        List.of(new UUID(3, 3)),
                        Standing.Beginning.ENTERED,
                        Eviction.OLDER_VOLUME,
                        List.of(new Standing.Seen(new UUID(1, 0), 12))));
        var meta = new ReplicaMeta(2, new UUID(3, 4), 5, hard, POSITION);
        assertEquals(meta, ReplicaMeta.decode(meta.encode(4064)));
        var full = meta.encode(1 << 20).remaining();
        var smaller = ReplicaMeta.decode(meta.encode(full - 1));
        assertEquals(configurations.subList(1, 3), smaller.hard().configurations());
        var empty = new ReplicaMeta(2, new UUID(3, 4), 5, HardState.EMPTY, LogPosition.EMPTY);
        assertEquals(empty, ReplicaMeta.decode(empty.encode(4064)));
    }

    @Test
    void theLineageFileKeepsTheNewestEpochs() {
        var starts = new ArrayList<EpochStart>();
        for (var i = 1; i < 500; i++) {
            starts.add(new EpochStart(i, i * 100L, i - 1, i));
        }
        var kept = LineageCodec.decode(LineageCodec.encode(starts, 4064));
        assertEquals(starts.subList(starts.size() - kept.size(), starts.size()), kept);
        assertTrue(kept.size() > 100);
    }

    @Test
    void aSeedCarriesTheWholeLineage() {
        var starts = new ArrayList<EpochStart>();
        for (var i = 1; i <= 62_000; i++) {
            starts.add(new EpochStart(i, i * 100L, i - 1, i));
        }
        var reseed = new Message.Reseed(62_001, 1, POSITION, starts, LOGGED, List.of());
        assertEquals(
                reseed, FrameCodec.decode(FrameCodec.encode(MEMBER, reseed)).message());
    }
}
