package io.taffrail.replication;

import io.taffrail.wal.io.LogDirectory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// The damages that are known, so that a process that starts looks there first and counts nowhere before it
/// has. Two LSN a line. It is a hint: what it names is verified again, so a lost or garbled line costs time
/// and no byte.
final class DamageFile {
    static final String NAME = "damage";
    private static final String TEMPORARY = "damage.new";
    private static final int BLOCK_BYTES = 4096;
    private static final Pattern LINE = Pattern.compile("(\\d{1,18}) (\\d{1,18})");

    private final LogDirectory directory;

    DamageFile(LogDirectory directory) {
        this.directory = directory;
    }

    List<ScrubStatus.Damage> read() throws IOException {
        var damages = new ArrayList<ScrubStatus.Damage>();
        if (!directory.exists(NAME)) {
            return damages;
        }
        var bytes = aligned();
        try (var file = directory.open(NAME)) {
            file.read(bytes, 0);
        }
        for (var line : StandardCharsets.UTF_8.decode(bytes.flip()).toString().split("\n", -1)) {
            var found = LINE.matcher(line);
            if (found.matches()) {
                damages.add(new ScrubStatus.Damage(
                        Long.parseLong(found.group(1)), Long.parseLong(found.group(2)), "found before the last start"));
            }
        }
        return damages;
    }

    /// Blocks.
    void write(List<ScrubStatus.Damage> damages) throws IOException {
        if (damages.isEmpty() && !directory.exists(NAME)) {
            return;
        }
        var bytes = aligned();
        for (var damage : damages) {
            bytes.put("%d %d%n".formatted(damage.fromLsn(), damage.toLsn()).getBytes(StandardCharsets.UTF_8));
        }
        while (bytes.hasRemaining()) {
            bytes.put((byte) '\n');
        }
        if (directory.exists(TEMPORARY)) {
            directory.delete(TEMPORARY);
        }
        try (var file = directory.create(TEMPORARY, BLOCK_BYTES)) {
            file.write(bytes.flip(), 0);
            file.force();
        }
        directory.rename(TEMPORARY, NAME);
        directory.sync();
    }

    private static ByteBuffer aligned() {
        return ByteBuffer.allocateDirect(2 * BLOCK_BYTES)
                .alignedSlice(BLOCK_BYTES)
                .limit(BLOCK_BYTES);
    }
}
