package io.taffrail.simulation.check;

import io.taffrail.wal.record.EntryType;
import java.util.HashMap;
import java.util.Locale;
import java.util.TreeMap;

/// I1, I2, I5: an epoch and an LSN name the same bytes on every replica and for ever, and the same log before them; an
/// epoch begins at one place.
public final class LogIdentity {
    private record Name(long epoch, long lsn) {}

    private final HashMap<Name, Integer> crcs = new HashMap<>();
    private final TreeMap<Long, Long> epochStarts = new TreeMap<>();

    public void found(String where, ObservedEntry entry) {
        var header = entry.header();
        var other = crcs.putIfAbsent(new Name(header.epoch(), header.lsn()), header.crc());
        if (other != null && other != header.crc()) {
            throw new InvariantViolation(
                    "LogIdentity",
                    String.format(
                            Locale.ROOT,
                            "%s holds other bytes, or another log before them, for %s than was seen before (crc %08x)",
                            where,
                            header,
                            other));
        }
        if (header.type() == EntryType.EPOCH_BEGIN) {
            var start = epochStarts.putIfAbsent(header.epoch(), header.lsn());
            if (start != null && start != header.lsn()) {
                throw new InvariantViolation(
                        "LogIdentity",
                        "epoch %s begins at %s and, on %s, at %s"
                                .formatted(header.epoch(), start, where, header.lsn()));
            }
        }
    }
}
