package io.taffrail.streams;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/// Whatever the bytes, decoding ends with a value or a [CorruptStateException], and allocates no more than the
/// bytes justify. Plays the inputs in the resources; `scripts/fuzz` looks for new ones.
class DecoderFuzzTest {
    @FuzzTest(maxDuration = "30s")
    void aStreamControlPayload(byte[] bytes) {
        try {
            var change = StreamChangeCodec.decode(ByteBuffer.wrap(bytes));
            if (!StreamChangeCodec.encode(change).equals(ByteBuffer.wrap(bytes))) {
                throw new AssertionError("decoded to " + change + ", which encodes otherwise");
            }
        } catch (CorruptStateException e) {
            return;
        }
    }

    /// Behind the checksums, which a fuzzer does not get past.
    @FuzzTest(maxDuration = "30s")
    void aCheckpointsPayload(byte[] bytes) {
        try {
            CheckpointFile.decode(
                    new ByteReader("fuzz", ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN)), new StateImage());
        } catch (CorruptStateException e) {
            return;
        }
    }

    /// With checksums that are right, so that the fuzzer reaches the header.
    @FuzzTest(maxDuration = "30s")
    void anIndexFile(byte[] bytes) throws IOException {
        var name = new FileName.Index(0, 100, 0);
        var directory = new MemoryDirectory();
        var content = new MemoryDirectory.Content();
        var blocks = Math.clamp(bytes.length / 64, 1, 16);
        var file = Blocks.allocate(blocks);
        for (var i = 0; i < blocks; i++) {
            var from = Math.min(i * 64, bytes.length);
            var part = Arrays.copyOfRange(bytes, from, Math.min(from + 64, bytes.length));
            file.put(i * Blocks.SIZE_BYTES + Blocks.HEADER_BYTES, part);
            Blocks.seal(file, i * Blocks.SIZE_BYTES, name.fileId(), i);
        }
        content.bytes = new byte[blocks * Blocks.SIZE_BYTES];
        file.get(0, content.bytes);
        directory.files.put(name.toString(), content);
        try {
            var index = IndexFile.open(directory, name);
            for (var item : index.directory()) {
                item.run().find(item.run().firstOffset());
                index.entries(item.run());
            }
            index.close();
        } catch (CorruptStateException e) {
            return;
        }
    }
}
