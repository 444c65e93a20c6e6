package io.taffrail.wal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.wal.io.LogFile;
import io.taffrail.wal.segment.SegmentRebuild;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/// Two logs with the same entries: one that is damaged while it is open, and a peer's.
class ScrubTest {
    private static final String FIRST = "0000000000000001.segment";
    private static final int BLOCK = 4096;

    private final MemoryLog log = new MemoryLog(new MemoryDirectory(), MemoryLog.CONFIG, 0);
    private final MemoryLog peer = new MemoryLog(new MemoryDirectory(), MemoryLog.CONFIG, 0);

    ScrubTest() {
        for (var i = 0; i < 8; i++) {
            for (var each : List.of(log, peer)) {
                each.append("one " + i);
                each.append("two " + i);
                each.flush();
            }
        }
    }

    private void flip(String name, long position) throws IOException {
        flip(log, name, position);
    }

    private static void flip(MemoryLog damaged, String name, long position) throws IOException {
        try (LogFile file = damaged.directory.open(name)) {
            var one = ByteBuffer.allocate(1);
            file.read(one, position);
            one.put(0, (byte) (one.get(0) ^ 4)).flip();
            file.write(one, position);
        }
    }

    private record Round(List<WalScrubber.Damage> damages, List<WalScrubber.Ended> whole, long verifiedBytes) {}

    private static Round round(WalScrubber scrubber, long stepBytes) {
        var damages = new ArrayList<WalScrubber.Damage>();
        var whole = new ArrayList<WalScrubber.Ended>();
        var verified = 0L;
        WalScrubber.Step step;
        do {
            step = scrubber.step(stepBytes);
            verified += step.verifiedBytes();
            if (step.damage() != null) {
                damages.add(step.damage());
            }
            if (step.ended() != null && step.ended().whole()) {
                whole.add(step.ended());
            }
        } while (!step.roundDone());
        return new Round(damages, whole, verified);
    }

    @Test
    void verifiesSealedSegmentsRoundAndRound() {
        var scrubber = log.wal.newScrubber();
        for (var stepBytes : List.of(1L, 100L, Long.MAX_VALUE)) {
            var round = round(scrubber, stepBytes);
            assertEquals(List.of(), round.damages());
            assertEquals(2, round.whole().size(), "two of three segments are sealed");
            assertEquals(12 * log.wal.receivedLsn() / 16, round.verifiedBytes());
        }
    }

    @Test
    void tellsTheChainAtTheEndOfASegment() {
        var whole = round(log.wal.newScrubber(), Long.MAX_VALUE).whole().getFirst();
        try (var reader = peer.wal.newReader()) {
            assertEquals(reader.header(whole.endLsn()).chainPrevious(), whole.chain());
        }
    }

    @Test
    void namesTheRangeAndServesWhatFollowsIt() throws IOException {
        var entryBytes = log.wal.receivedLsn() / 16;
        // Nothing of it is in memory.
        var reopened = new MemoryLog(log.directory.image());
        // The header of the second group of three: what follows cannot be found by walking over it.
        flip(reopened, FIRST, 2 * BLOCK + 20);
        var round = round(reopened.wal.newScrubber(), 1);
        assertEquals(1, round.damages().size());
        var damage = round.damages().getFirst();
        assertEquals(2 * entryBytes, damage.fromLsn());
        assertEquals(4 * entryBytes, damage.toLsn());
        assertTrue(damage.what().contains(FIRST), damage.what());
        assertEquals(1, round.whole().size(), "the other segment");

        var target = ByteBuffer.allocate(1 << 16);
        try (var reader = reopened.wal.newReader()) {
            assertEquals(2 * entryBytes, reader.read(0, 2 * entryBytes, target));
            assertThrows(WalException.BadEntry.class, () -> reader.read(2 * entryBytes, 4 * entryBytes, target));
            assertEquals(2 * entryBytes, reader.read(4 * entryBytes, 6 * entryBytes, target));
        }
    }

    @Test
    void findsEveryFlippedBitOfASealedSegment() throws IOException {
        var used = 4 * BLOCK;
        for (var position = 0; position < used; position += position % BLOCK < 300 ? 1 : 509) {
            if (isUnread(position)) {
                continue;
            }
            flip(FIRST, position);
            assertFalse(round(log.wal.newScrubber(), Long.MAX_VALUE).damages().isEmpty(), "at " + position);
            flip(FIRST, position);
        }
        assertTrue(round(log.wal.newScrubber(), Long.MAX_VALUE).damages().isEmpty());
    }

    /// Padding behind a group's entries says nothing.
    private boolean isUnread(int position) {
        return position >= BLOCK && position % BLOCK >= 64 + 2 * log.wal.receivedLsn() / 16;
    }

    @Test
    void looksAtNothingThatIsNotFlushed() {
        var held = new MemoryLog(new MemoryDirectory(), MemoryLog.CONFIG, 0);
        held.flush();
        for (var i = 0; i < 12; i++) {
            held.append("x".repeat(3000));
        }
        var step = held.wal.newScrubber().step(Long.MAX_VALUE);
        assertNull(step.damage());
        assertTrue(step.roundDone());
        assertEquals(0, step.verifiedBytes());
        assertNull(held.wal.rebuild(0));
    }

    // Rebuilding

    private SegmentRebuild.Progress rebuild(SegmentRebuild rebuild, int chunkBytes) {
        SegmentRebuild.Progress progress = new SegmentRebuild.Progress.Copying();
        while (true) {
            switch (progress) {
                case SegmentRebuild.Progress.Copying _ -> progress = rebuild.copy(1);
                case SegmentRebuild.Progress.Lacking(long at, int chain, SegmentRebuild.Gap gap) -> {
                    try (var reader = peer.wal.newReader()) {
                        assertEquals(chain, reader.header(at).chainPrevious());
                        var chunk = ByteBuffer.allocate(chunkBytes);
                        reader.read(at, gap.toLsn(), chunk);
                        progress = rebuild.give(chunk.flip());
                    }
                }
                default -> {
                    return progress;
                }
            }
        }
    }

    private SegmentRebuild begun(long lsn) {
        return Objects.requireNonNull(log.wal.rebuild(lsn));
    }

    @Test
    void rebuildsWhateverIsDamagedFromAPeer() throws IOException {
        var sound = log.directory.image();
        var entryBytes = (int) (log.wal.receivedLsn() / 16);
        for (var chunkBytes : List.of(entryBytes, 1 << 16)) {
            for (var position : List.of(8, BLOCK + 4, BLOCK + 70, 2 * BLOCK + 20, 2 * BLOCK + 90, 3 * BLOCK + 100)) {
                flip(FIRST, position);
                assertInstanceOf(SegmentRebuild.Progress.Done.class, rebuild(begun(0), chunkBytes), "at " + position);
                assertEquals(List.of(), round(log.wal.newScrubber(), 1).damages());
                assertEquals(sound.keySet(), log.directory.image().keySet());
            }
        }
        // All three groups of the segment, and its file's first block.
        for (var position : List.of(8, BLOCK + 4, 2 * BLOCK + 90, 3 * BLOCK + 100)) {
            flip(FIRST, position);
        }
        assertInstanceOf(SegmentRebuild.Progress.Done.class, rebuild(begun(0), entryBytes));
        assertEquals(List.of(), round(log.wal.newScrubber(), 1).damages());
        assertEquals(peer.read(), log.read());
        var again = new MemoryLog(log.directory.image());
        assertEquals(RecoveryReport.Verdict.CLEAN, again.wal.recovery().verdict());
        assertEquals(peer.read(), again.read());
    }

    @Test
    void rebuildsAFileThatIsGone() throws IOException {
        var reopened = new MemoryLog(log.directory.image());
        reopened.directory.delete(FIRST);
        var rebuild = Objects.requireNonNull(reopened.wal.rebuild(0));
        assertInstanceOf(SegmentRebuild.Progress.Done.class, rebuild(rebuild, 1 << 16));
        assertEquals(peer.read(), reopened.read());
    }

    @Test
    void takesNothingThatDoesNotBelongThere() throws IOException {
        flip(FIRST, 2 * BLOCK + 90);
        var before = log.directory.image();
        var other = new MemoryLog(new MemoryDirectory(), MemoryLog.CONFIG, 0);
        for (var i = 0; i < 8; i++) {
            other.append("0ne " + i);
            other.append("two " + i);
            other.flush();
        }
        var rebuild = begun(0);
        SegmentRebuild.Progress progress = new SegmentRebuild.Progress.Copying();
        while (progress instanceof SegmentRebuild.Progress.Copying) {
            progress = rebuild.copy(1 << 20);
        }
        var lacking = assertInstanceOf(SegmentRebuild.Progress.Lacking.class, progress);
        var foreign = ByteBuffer.allocate(1 << 16);
        try (var reader = other.wal.newReader()) {
            reader.read(lacking.at(), lacking.gap().toLsn(), foreign);
        }
        assertInstanceOf(SegmentRebuild.Progress.Failed.class, rebuild.give(foreign.flip()));
        var after = log.directory.image();
        assertEquals(before.keySet(), after.keySet());
        before.forEach((name, bytes) -> assertArrayEquals(bytes, after.get(name), name));
    }

    @Test
    void aCutEndsTheRebuild() throws IOException {
        flip(FIRST, 3 * BLOCK + 90);
        var rebuild = begun(0);
        while (rebuild.copy(1) instanceof SegmentRebuild.Progress.Copying) {
            // until it needs a peer
        }
        log.wal.truncate(2 * log.wal.receivedLsn() / 16);
        assertInstanceOf(SegmentRebuild.Progress.Gone.class, rebuild.copy(1));
        assertTrue(log.directory.image().keySet().stream().noneMatch(name -> name.endsWith(SegmentRebuild.SUFFIX)));
    }

    @Test
    void aStartDeletesWhatWasNotFinished() throws IOException {
        flip(FIRST, 3 * BLOCK + 90);
        var rebuild = begun(0);
        while (rebuild.copy(1) instanceof SegmentRebuild.Progress.Copying) {
            // until it needs a peer
        }
        assertNotNull(log.directory.image().get(FIRST + SegmentRebuild.SUFFIX));
        var again = new MemoryLog(log.directory.image());
        assertNull(again.directory.image().get(FIRST + SegmentRebuild.SUFFIX));
    }
}
