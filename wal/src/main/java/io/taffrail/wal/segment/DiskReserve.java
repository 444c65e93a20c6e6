package io.taffrail.wal.segment;

import io.taffrail.wal.io.Errno;
import io.taffrail.wal.io.LogDirectory;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// Knows whether the disk has room, so that the log refuses appends while it still can write everything that
/// it has taken. Looks again by itself. The loop's, except [#freeBytes].
public final class DiskReserve {
    /// How often the free space is looked up: others may fill the disk too.
    public static final long CHECK_NANOS = 1_000_000_000;

    private final LogDirectory directory;
    private long reserveBytes;
    private long checkedNanos;
    private boolean checked;
    private @Nullable String refusal;
    private @Nullable String hindrance;
    private final AtomicLong freeBytes = new AtomicLong(Long.MAX_VALUE);

    public DiskReserve(LogDirectory directory, long reserveBytes) {
        this.directory = directory;
        this.reserveBytes = reserveBytes;
    }

    public void reserve(long bytes) {
        reserveBytes = bytes;
        checked = false;
    }

    /// Looks at the disk if it is time; returns whether it did.
    public boolean check(long nowNanos) {
        if (checked && nowNanos - checkedNanos < CHECK_NANOS) {
            return false;
        }
        checked = true;
        checkedNanos = nowNanos;
        refusal = null;
        hindrance = null;
        try {
            freeBytes.set(directory.freeBytes());
        } catch (IOException e) {
            freeBytes.set(0);
            hindered("free space is unknown: " + Errno.describe(e), nowNanos);
        }
        return true;
    }

    /// Whether a file of this size may be made.
    boolean allows(long bytes, long nowNanos) {
        if (refusal == null) {
            checked = false;
        }
        check(nowNanos);
        return refusal == null && freeBytes.get() >= bytes;
    }

    void refused(String message, long nowNanos) {
        refusal = message;
        checked = true;
        checkedNanos = nowNanos;
    }

    /// As [#refused], for a reason that is not space.
    void hindered(String message, long nowNanos) {
        refused(message, nowNanos);
        hindrance = message;
    }

    /// Why no file can be made although there may be room; null: nothing is in the way.
    public @Nullable String hindrance() {
        return hindrance;
    }

    /// Whether appends have to be refused.
    public boolean isFull() {
        return refusal != null || freeBytes.get() < reserveBytes;
    }

    /// When the disk should be looked at again.
    public long nextCheckNanos() {
        return checkedNanos + CHECK_NANOS;
    }

    /// Any thread.
    public long freeBytes() {
        return freeBytes.get();
    }
}
