package io.taffrail.simulation.mistake;

import io.taffrail.replication.protocol.LogPosition;
import io.taffrail.streams.AppendDecision;
import io.taffrail.streams.CommitMode;
import io.taffrail.streams.Durability;
import io.taffrail.streams.ReplicationMode;
import io.taffrail.wal.io.LogFile;
import java.nio.ByteBuffer;
import java.util.Arrays;

/// What mistaken code calls instead of what it should. The first argument is the receiver of the call that it stands
/// for; `Object` where that type is its package's own.
public final class Mistakes {
    private Mistakes() {}

    /// For [LogPosition#isAheadOf].
    public static boolean isLonger(LogPosition position, LogPosition other) {
        return position.lsn() > other.lsn();
    }

    /// For [LogPosition#equals].
    public static boolean isAsLong(LogPosition position, Object other) {
        return other instanceof LogPosition known && position.lsn() == known.lsn();
    }

    /// For [AppendDecision.Duplicate#durability].
    public static Durability weakest(AppendDecision.Duplicate duplicate) {
        return new Durability(CommitMode.ASYNC, ReplicationMode.ASYNC);
    }

    /// For [AppendDecision.Duplicate#baseOffset].
    public static long anotherOffset(AppendDecision.Duplicate duplicate) {
        return duplicate.baseOffset() + 1;
    }

    /// For the checksum of an entry: what it says of itself.
    public static int storedEntryCrc(Object cursor, ByteBuffer bytes, int index, int length) {
        return bytes.getInt(index);
    }

    /// For the checksum of a slot.
    public static int storedSlotCrc(ByteBuffer slot) {
        return slot.getInt(4);
    }

    /// For the checksum of a frame.
    public static int storedFrameCrc(ByteBuffer frame) {
        return frame.getInt(8);
    }

    /// For `Math.max`.
    public static long first(long first, long second) {
        return first;
    }

    /// For `Math.max`.
    public static long second(long first, long second) {
        return second;
    }

    /// For `Math.min`.
    public static long largest(long first, long second) {
        return Long.MAX_VALUE;
    }

    /// For the majority's position.
    public static long largestOf(long[] positions) {
        return Arrays.stream(positions).max().orElse(0);
    }

    /// For `Recovery.zero`.
    public static void leave(LogFile file, long from, long to) {}
}
