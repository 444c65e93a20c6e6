package io.taffrail.simulation.check;

import java.util.HashSet;
import java.util.Locale;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// I29 and I31, as one reader sees them who asks another replica each time: what it is given follows what it was given
/// before, entry by entry, offset by offset, and no producer's sequence comes twice. Its position is the chain's
/// checksum there, so a replica with another log behind it is noticed before anything is read from it.
public final class ReaderSession {
    /// What a reader asks for.
    public enum Level {
        /// Up to what a majority holds in memory: a declared loss may take it back.
        REPLICATED,
        /// Up to what a majority has flushed: nothing takes it back.
        DURABLE
    }

    private record Sequence(long streamId, long producerId, int producerEpoch, long sequence) {}

    private final String name;
    private final Level level;
    private final TreeMap<Long, Long> nextOffsets = new TreeMap<>();
    private final HashSet<Sequence> sequences = new HashSet<>();
    private long nextLsn;
    private @Nullable Integer chainCrc;

    public ReaderSession(String name, Level level) {
        this.name = name;
        this.level = level;
    }

    public Level level() {
        return level;
    }

    public long nextLsn() {
        return nextLsn;
    }

    /// Whether it was given anything since it started.
    public boolean hasRead() {
        return chainCrc != null;
    }

    /// Reads from `lsn` on again, or on: entries before it are trimmed, or the reader wants them once more.
    public void startAt(long lsn) {
        nextLsn = lsn;
        chainCrc = null;
        nextOffsets.clear();
        sequences.clear();
    }

    /// Whether the replica's log goes on from what this reader was given. `chainCrcThere`: of the log before
    /// [#nextLsn], null if no entry begins there. False is LOG_TRUNCATED: the caller has to start again, and
    /// may only be told so of what may be lost.
    public boolean goesOnFrom(String replica, @Nullable Integer chainCrcThere, boolean mayBeLost) {
        if (fits(chainCrcThere)) {
            return true;
        }
        if (level == Level.DURABLE || !mayBeLost) {
            throw new InvariantViolation(
                    "ReadsAreRepeatable",
                    "%s was given the log up to %s at %s (crc %s), %s holds another (%s), and no loss was declared"
                            .formatted(
                                    name,
                                    nextLsn,
                                    level,
                                    chainCrc,
                                    replica,
                                    chainCrcThere == null
                                            ? "no entry"
                                            : String.format(Locale.ROOT, "crc %08x", chainCrcThere)));
        }
        return false;
    }

    /// Whether a log whose checksum before [#nextLsn] is this one goes on from what this reader was given.
    public boolean fits(@Nullable Integer chainCrcThere) {
        return chainCrc == null || chainCrc.equals(chainCrcThere);
    }

    /// The next entry.
    public void given(String replica, ObservedEntry entry) {
        var header = entry.header();
        if (header.lsn() != nextLsn || (chainCrc != null && header.chainPrevious() != chainCrc)) {
            throw new InvariantViolation(
                    "ReadsFollowEachOther",
                    "%s expected what follows %s (crc %s) and was given %s by %s"
                            .formatted(name, nextLsn, chainCrc, header, replica));
        }
        nextLsn = header.endLsn();
        chainCrc = header.crc();
        var batch = entry.records();
        if (batch != null) {
            given(replica, batch);
        }
    }

    private void given(String replica, ObservedEntry.Batch batch) {
        var expected = nextOffsets.put(batch.streamId(), batch.endOffset());
        if (expected != null && expected != batch.baseOffset()) {
            throw new InvariantViolation(
                    "ReadsHaveNoGaps",
                    "%s expected offset %s and was given %s by %s".formatted(name, expected, batch, replica));
        }
        if (batch.producerId() != 0
                && !sequences.add(
                        new Sequence(batch.streamId(), batch.producerId(), batch.producerEpoch(), batch.sequence()))) {
            throw new InvariantViolation(
                    "SequencesOccurOnce", "%s was given %s again, by %s".formatted(name, batch, replica));
        }
    }
}
