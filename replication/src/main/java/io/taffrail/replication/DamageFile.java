package io.taffrail.replication;

import io.taffrail.wal.io.LogDirectory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// The damages that are known, so that a process that starts looks there first and counts nowhere before it
/// has. Two LSN a line. It is a hint: what it names is verified again, so a lost or garbled line, or a file that
/// cannot be read, costs time and no byte.
final class DamageFile {
    static final String NAME = "damage";
    /// Two numbers of 18 digits for each.
    private static final int MAX_BYTES = 40 * Scrubbing.MAX_KNOWN;
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
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .decode(WholeFile.read(directory, NAME, MAX_BYTES))
                    .toString();
        } catch (IOException unreadable) {
            return damages;
        }
        for (var line : text.split("\n", -1)) {
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
        var text = new StringBuilder();
        for (var damage : damages) {
            text.append("%s %s%n".formatted(damage.fromLsn(), damage.toLsn()));
        }
        WholeFile.replace(directory, NAME, StandardCharsets.UTF_8.encode(text.toString()), (byte) '\n');
    }
}
