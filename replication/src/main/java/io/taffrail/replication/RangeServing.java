package io.taffrail.replication;

import io.taffrail.replication.protocol.LogPosition;
import io.taffrail.replication.protocol.Message;
import io.taffrail.wal.Wal;
import io.taffrail.wal.WalReader;
import java.nio.ByteBuffer;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.function.LongConsumer;

/// Gives other replicas the bytes that theirs have lost, and compares chains with them. Only where the two
/// logs agree before and behind the range: then what stands between is the same in both.
final class RangeServing {
    /// What is read from the disk for one answer.
    private static final int RANGE_BYTES = 256 << 10;

    private final Wal wal;
    private final DiskReads reads;
    private final LongConsumer doubt;

    RangeServing(Wal wal, DiskReads reads, LongConsumer doubt) {
        this.wal = wal;
        this.reads = reads;
        this.doubt = doubt;
    }

    /// `answer` hears entries, or none.
    void serve(Message.RangeRequest request, Consumer<ByteBuffer> answer) {
        var from = request.from();
        var to = request.to();
        if (from.lsn() < wal.startLsn() || from.lsn() >= to.lsn() || to.lsn() > wal.flushedLsn()) {
            answer.accept(ByteBuffer.allocate(0));
            return;
        }
        var atEnd = to.lsn() == wal.receivedLsn() ? OptionalInt.of(wal.chainCrc()) : OptionalInt.empty();
        reads.submit(
                reader -> read(reader, from, to, atEnd),
                entries -> answer.accept(entries == null ? ByteBuffer.allocate(0) : entries),
                () -> doubt.accept(from.lsn()));
    }

    private static ByteBuffer read(WalReader reader, LogPosition from, LogPosition to, OptionalInt atEnd) {
        var first = reader.header(from.lsn());
        var behind =
                atEnd.isPresent() ? atEnd.getAsInt() : reader.header(to.lsn()).chainPrevious();
        if (first.chainPrevious() != from.chainCrc() || behind != to.chainCrc()) {
            return ByteBuffer.allocate(0);
        }
        var bytes =
                ByteBuffer.allocate((int) Math.max(first.lengthBytes(), Math.min(RANGE_BYTES, to.lsn() - from.lsn())));
        reader.read(from.lsn(), to.lsn(), bytes);
        return bytes.flip();
    }

    /// `answer` hears the chain at `lsn`, if the log still has an entry that begins there.
    void chainAt(long lsn, IntConsumer answer) {
        if (lsn == wal.receivedLsn()) {
            answer.accept(wal.chainCrc());
            return;
        }
        reads.submit(
                reader -> reader.header(lsn).chainPrevious(),
                chain -> {
                    if (chain != null) {
                        answer.accept(chain);
                    }
                },
                () -> doubt.accept(lsn));
    }
}
