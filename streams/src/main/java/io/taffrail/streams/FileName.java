package io.taffrail.streams;

import java.util.HexFormat;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Names of the files in the folder. Their numbers are part of what each block is checked against, so a file
/// that was renamed is found out.
sealed interface FileName {
    /// What a write that did not finish leaves behind; deleted when the folder is opened.
    String TEMPORARY_SUFFIX = ".tmp";

    String CHECKPOINT_SUFFIX = ".checkpoint";
    String INDEX_SUFFIX = ".index";

    long fileId();

    /// The state up to `lsn`.
    record Checkpoint(long lsn) implements FileName {
        private static final Pattern PATTERN = Pattern.compile("([0-9a-f]{16})\\.checkpoint");

        static @Nullable Checkpoint parse(String name) {
            var matcher = PATTERN.matcher(name);
            return matcher.matches() ? new Checkpoint(Long.parseUnsignedLong(matcher.group(1), 16)) : null;
        }

        @Override
        public long fileId() {
            return Hash.mix(1, lsn);
        }

        @Override
        public String toString() {
            return HexFormat.of().toHexDigits(lsn) + CHECKPOINT_SUFFIX;
        }
    }

    /// The batches in `[fromLsn, toLsn)` of the log. `level` 0: written from memory; above: merged.
    record Index(long fromLsn, long toLsn, int level) implements FileName {
        @Override
        public long fileId() {
            return Hash.mix(Hash.mix(Hash.mix(2, fromLsn), toLsn), level);
        }

        @Override
        public String toString() {
            var hex = HexFormat.of();
            return hex.toHexDigits(fromLsn) + "-" + hex.toHexDigits(toLsn) + "-" + level + INDEX_SUFFIX;
        }
    }
}
