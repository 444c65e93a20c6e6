package io.taffrail.service.control;

import io.taffrail.wal.WalConfig;
import org.jspecify.annotations.Nullable;

/// Whether the memory outside the heap is enough for that of the log's tail. Without this, a service would end by the
/// first piece that it cannot have.
///
/// @param wal as the log was opened
/// @param directBytes what the JVM allows outside its heap
public record TailMemory(WalConfig wal, long directBytes) {
    /// What reads from files, checkpoints, repairs and copies for others take at a time.
    private static final long BYTES_BESIDES = 16 << 20;

    /// Null: it is enough. Else what it is, and what would be.
    public @Nullable String refusalOfStart() {
        return refusal(wal.memoryBytes() + BYTES_BESIDES);
    }

    /// As above. Another memory is taken while the one before is still there.
    @Nullable
    String refusalOfChange(int pendingBytes, int wantedPendingBytes) {
        long before = wal.withPendingBytes(pendingBytes).memoryBytes();
        long after = wal.withPendingBytes(wantedPendingBytes).memoryBytes();
        return before == after ? null : refusal(before + after + BYTES_BESIDES);
    }

    private @Nullable String refusal(long neededBytes) {
        return directBytes >= neededBytes
                ? null
                : "the memory outside the heap (-XX:MaxDirectMemorySize, else as much as -Xmx) is " + directBytes
                        + ": allowed is at least " + neededBytes;
    }
}
