package io.taffrail.simulation.world;

import org.jspecify.annotations.Nullable;

/// How a disk serves a request: how long it takes and whether it fails. Asked once for each.
public interface DiskBehaviour {
    enum Operation {
        READ,
        WRITE,
        SYNC,
        METADATA
    }

    /// @param errno Linux's number
    /// @param readsShowDisk after a failed sync: reads fall back to what the disk holds (Btrfs) instead of going
    /// on to show what was written (ext4)
    record Failure(int errno, String message, boolean readsShowDisk) {
        public static final Failure IO_ERROR = new Failure(5, "Input/output error", false);
        public static final Failure NO_SPACE = new Failure(28, "No space left on device", false);
    }

    /// Less [#stallNanos].
    long latencyNanos(Operation operation, int bytes);

    /// How long it goes on to do nothing at all. A request that comes meanwhile waits once, also one that writes and
    /// syncs.
    default long stallNanos() {
        return 0;
    }

    /// A request of one operation. Reads come out of the cache, and so do folders.
    default long waitNanos(Operation operation, int bytes) {
        var stall = operation == Operation.READ || operation == Operation.METADATA ? 0 : stallNanos();
        return latencyNanos(operation, bytes) + stall;
    }

    @Nullable
    Failure failure(Operation operation, String file);

    /// A sync that reports success and does nothing: only a device that breaks its own promise.
    default boolean syncLies(String file) {
        return false;
    }

    /// Careless code above: a sync that fails is tried again at once, finds the pages clean, and succeeds.
    default boolean retriesFailedSyncs() {
        return false;
    }

    /// Writes take 20 microseconds, syncs 200; nothing fails.
    DiskBehaviour STEADY = new DiskBehaviour() {
        @Override
        public long latencyNanos(Operation operation, int bytes) {
            return operation == Operation.SYNC ? 200_000 : 20_000;
        }

        @Override
        public @Nullable Failure failure(Operation operation, String file) {
            return null;
        }
    };
}
