package io.taffrail.streams;

import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.LogFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The whole state at one LSN, in [Blocks]: a header block, then index files, producers and streams as one
/// run of bytes.
///
/// | header at | bytes | |
/// |---|---|---|
/// | 0 | 8 | `TAFRLCKP` |
/// | 8 | 4 | format version, 1 |
/// | 12 | 4 | CRC of the last entry that was applied |
/// | 16 | 8 | LSN up to which the log was applied |
/// | 24 | 8 | bytes of payload |
/// | 32 | 8 | digest of the state, computed again from what is read back |
/// | 40 | 8 | next stream id |
/// | 48 | 8 | next producer id |
final class CheckpointFile {
    static final long MAGIC = 0x50_4b_43_4c_52_46_41_54L;
    static final int VERSION = 1;
    /// One and a half million streams with one producer each.
    private static final long MAX_PAYLOAD_BYTES = 1L << 30;

    private CheckpointFile() {}

    /// A checkpoint that was read back whole.
    record Loaded(StateImage image, List<FileName.Index> indexFiles, long sizeBytes) {}

    /// Throws if it would be larger than one that is read back. Before anything is written: a state that is too
    /// large stays so, and each attempt would write all of it.
    static void ensureFits(StateImage.Summary state, int indexFiles) throws IOException {
        var payloadBytes = 3 * 4 + 20L * indexFiles + state.encodedBytes();
        if (payloadBytes > MAX_PAYLOAD_BYTES) {
            throw new IOException("it would have %s bytes, at most %s: delete streams or cursors, or take labels away"
                    .formatted(payloadBytes, MAX_PAYLOAD_BYTES));
        }
    }

    /// Writes it under a temporary name and makes its bytes durable; returns its size.
    static long write(
            LogDirectory directory,
            String temporaryName,
            StateImage image,
            long digest,
            List<FileName.Index> indexFiles,
            CheckpointJob job)
            throws IOException {
        if (directory.exists(temporaryName)) {
            directory.delete(temporaryName);
        }
        try (var file = directory.create(temporaryName, 0)) {
            var size = write(file, image, digest, indexFiles, job);
            file.force();
            return size;
        }
    }

    private static long write(
            LogFile file, StateImage image, long digest, List<FileName.Index> indexFiles, CheckpointJob job)
            throws IOException {
        var blocks = new BlockWriter(file, new FileName.Checkpoint(image.appliedLsn).fileId(), job);
        var out = new ByteWriter();
        out.putInt(indexFiles.size());
        for (var index : indexFiles) {
            out.putLong(index.fromLsn());
            out.putLong(index.toLsn());
            out.putInt(index.level());
        }
        out.putInt(image.producers.size());
        for (var producer : image.producers.values()) {
            producer.encode(out);
            drain(out, blocks);
        }
        out.putInt(image.streams.size());
        for (var stream : image.streams.values()) {
            stream.encode(out);
            drain(out, blocks);
        }
        drain(out, blocks);
        var header = ByteBuffer.allocate(56).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(MAGIC).putInt(VERSION).putInt(image.chainCrc).putLong(image.appliedLsn);
        header.putLong(blocks.payloadBytes()).putLong(digest);
        header.putLong(image.nextStreamId).putLong(image.nextProducerId);
        return blocks.finish(header.flip());
    }

    private static void drain(ByteWriter out, BlockWriter blocks) throws IOException {
        blocks.put(out.toBuffer());
        out.clear();
    }

    static Loaded read(LogDirectory directory, FileName.Checkpoint name) throws IOException {
        return read(directory, name, "");
    }

    /// Of a copy with `suffix` behind its name.
    static Loaded read(LogDirectory directory, FileName.Checkpoint name, String suffix) throws IOException {
        try (var file = directory.open(name + suffix)) {
            var blocks = new BlockReader(file, name.toString(), name.fileId());
            var header = blocks.read(0);
            if (header.getLong() != MAGIC || header.getInt() != VERSION) {
                throw new CorruptStateException(name + " is of a format that is not known here");
            }
            var image = new StateImage();
            image.chainCrc = header.getInt();
            image.appliedLsn = header.getLong();
            var payloadBytes = header.getLong();
            var digest = header.getLong();
            image.nextStreamId = header.getLong();
            image.nextProducerId = header.getLong();
            var fits = payloadBytes >= 0
                    && payloadBytes <= MAX_PAYLOAD_BYTES
                    && file.sizeBytes() == (1 + Blocks.count(payloadBytes)) * Blocks.SIZE_BYTES;
            if (!fits || image.appliedLsn != name.lsn()) {
                throw new CorruptStateException("%s has %s bytes and says %s of payload up to LSN %s"
                        .formatted(name, file.sizeBytes(), payloadBytes, image.appliedLsn));
            }
            var indexFiles = decode(new ByteReader(name.toString(), blocks.read(1, (int) payloadBytes)), image);
            if (image.digest() != digest) {
                throw new CorruptStateException(
                        String.format(Locale.ROOT, "%s: digest %016x, expected %016x", name, image.digest(), digest));
            }
            return new Loaded(image, indexFiles, file.sizeBytes());
        }
    }

    static List<FileName.Index> decode(ByteReader in, StateImage image) {
        var indexFiles = new ArrayList<>(
                in.takeList(20, () -> new FileName.Index(in.takeCount(), in.takeCount(), in.takeInt())));
        for (var producer : in.takeList(22, () -> ProducerImage.decode(in))) {
            image.producers.put(producer.id(), producer);
        }
        for (var stream : in.takeList(113, () -> StreamImage.decode(in))) {
            image.streams.put(stream.id(), stream);
        }
        in.expectEnd();
        return indexFiles;
    }
}
