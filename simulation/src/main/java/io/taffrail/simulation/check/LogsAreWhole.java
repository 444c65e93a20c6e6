package io.taffrail.simulation.check;

import io.taffrail.wal.record.EntryHeader;
import io.taffrail.wal.record.EntryType;
import org.jspecify.annotations.Nullable;

/// I2, I3, I4, within one log: entries follow each other without a hole, each names the chain before it, epochs never
/// fall, and each begins with its own EPOCH_BEGIN and has no other.
public final class LogsAreWhole {
    private LogsAreWhole() {}

    public static void check(String where, ObservedLog log) {
        EntryHeader before = null;
        for (var entry : log.entries().values()) {
            check(where, before, entry.header());
            before = entry.header();
        }
    }

    /// `before` null: the log begins with `header`, or is trimmed up to it.
    static void check(String where, @Nullable EntryHeader before, EntryHeader header) {
        if (before == null) {
            return;
        }
        if (header.lsn() != before.endLsn() || header.chainPrevious() != before.crc()) {
            throw new InvariantViolation("LogsAreWhole", "%s: %s does not follow %s".formatted(where, header, before));
        }
        var begins = header.type() == EntryType.EPOCH_BEGIN;
        if (header.epoch() < before.epoch() || begins != (header.epoch() > before.epoch())) {
            throw new InvariantViolation(
                    "LogsAreWhole",
                    "%s: an epoch begins with EPOCH_BEGIN and nowhere else: %s follows %s"
                            .formatted(where, header, before));
        }
    }
}
