package io.taffrail.streams;

import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// The newest batches of one producer in one stream, and how many records it has there. Sequences count from
/// 0 in each epoch of the producer, without gaps, so the newest one says which slot holds which. The loop
/// writes; [#progress] is for any thread.
final class SequenceWindow {
    /// Kafka's number: what a client may have in flight and still retry safely.
    static final int BATCHES = 5;

    private static final int WORDS = 5;
    private static final int BASE_OFFSET = 0;
    private static final int LSN = 1;
    private static final int LENGTH = 2;
    private static final int EPOCH = 3;
    private static final int COUNT_CRC = 4;

    static final int MAX_ENCODED_BYTES = 4 + 3 * 8 + BATCHES * WORDS * 8;

    private final long[] words;
    private int producerEpoch;
    private long lastSequence;
    private long appendedRecords;
    private long lastOffset;
    private @Nullable SequenceWindow image;

    SequenceWindow() {
        this(0, -1, 0, 0, new long[BATCHES * WORDS]);
    }

    private SequenceWindow(int producerEpoch, long lastSequence, long appendedRecords, long lastOffset, long[] words) {
        this.producerEpoch = producerEpoch;
        this.lastSequence = lastSequence;
        this.appendedRecords = appendedRecords;
        this.lastOffset = lastOffset;
        this.words = words;
    }

    /// In the given epoch of the producer; -1: none yet.
    long lastSequence(int epoch) {
        return epoch == producerEpoch ? lastSequence : -1;
    }

    long lastOffset() {
        return lastOffset;
    }

    synchronized StreamStore.ProducerProgress progress() {
        return new StreamStore.ProducerProgress(
                appendedRecords, appendedRecords == 0 ? OptionalLong.empty() : OptionalLong.of(lastOffset));
    }

    boolean holds(int epoch, long sequence) {
        return epoch == producerEpoch && sequence <= lastSequence && sequence > lastSequence - BATCHES && sequence >= 0;
    }

    long baseOffset(long sequence) {
        return words[slot(sequence) + BASE_OFFSET];
    }

    int recordCount(long sequence) {
        return (int) (words[slot(sequence) + COUNT_CRC] >>> 32);
    }

    int recordsCrc(long sequence) {
        return (int) words[slot(sequence) + COUNT_CRC];
    }

    long lsn(long sequence) {
        return words[slot(sequence) + LSN];
    }

    long endLsn(long sequence) {
        return lsn(sequence) + words[slot(sequence) + LENGTH];
    }

    /// Of the log, not of the producer.
    long epoch(long sequence) {
        return words[slot(sequence) + EPOCH];
    }

    /// @param logEpoch the leader's
    void append(
            int epoch,
            long sequence,
            long baseOffset,
            int recordCount,
            int crc,
            long lsn,
            int lengthBytes,
            long logEpoch) {
        Checks.check(epoch >= producerEpoch, "S3 a producer's epoch never falls", epoch, producerEpoch);
        var expected = lastSequence(epoch) + 1;
        Checks.check(sequence == expected, "S3 sequences have no gaps", sequence, expected);
        image = null;
        var at = slot(sequence);
        words[at + BASE_OFFSET] = baseOffset;
        words[at + LSN] = lsn;
        words[at + LENGTH] = lengthBytes;
        words[at + EPOCH] = logEpoch;
        words[at + COUNT_CRC] = (long) recordCount << 32 | Integer.toUnsignedLong(crc);
        producerEpoch = epoch;
        lastSequence = sequence;
        synchronized (this) {
            appendedRecords += recordCount;
            lastOffset = baseOffset + recordCount - 1;
        }
    }

    /// As it is now; nothing changes what is returned.
    SequenceWindow image() {
        var current = image;
        if (current == null) {
            current = new SequenceWindow(producerEpoch, lastSequence, appendedRecords, lastOffset, words.clone());
            image = current;
        }
        return current;
    }

    static SequenceWindow restore(SequenceWindow image) {
        var window = new SequenceWindow(
                image.producerEpoch, image.lastSequence, image.appendedRecords, image.lastOffset, image.words.clone());
        window.image = image;
        return window;
    }

    void encode(ByteWriter out) {
        out.putInt(producerEpoch);
        out.putLong(lastSequence);
        out.putLong(appendedRecords);
        out.putLong(lastOffset);
        for (var back = oldest(lastSequence); back >= 0; back--) {
            for (var i = 0; i < WORDS; i++) {
                out.putLong(words[slot(lastSequence - back) + i]);
            }
        }
    }

    static SequenceWindow decode(ByteReader in) {
        var epoch = in.takeInt();
        var lastSequence = in.takeCount();
        if (epoch < 0) {
            throw in.corrupt("producer epoch " + epoch);
        }
        var window = new SequenceWindow(epoch, lastSequence, in.takeCount(), in.takeCount(), new long[BATCHES * WORDS]);
        for (var back = oldest(lastSequence); back >= 0; back--) {
            for (var i = 0; i < WORDS; i++) {
                window.words[slot(lastSequence - back) + i] = in.takeLong();
            }
        }
        return window;
    }

    /// How far before the last one the oldest is.
    private static long oldest(long lastSequence) {
        return Math.min(lastSequence, BATCHES - 1);
    }

    private static int slot(long sequence) {
        return (int) (sequence % BATCHES) * WORDS;
    }
}
