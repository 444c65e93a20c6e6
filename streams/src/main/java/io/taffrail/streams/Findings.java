package io.taffrail.streams;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.function.Consumer;

/// What went wrong and was survived, newest last. A line that is still kept is not told again: what finds one may come
/// by every second. Any thread.
final class Findings {
    /// More than what is found again and again, the damaged blocks that retention meets.
    private static final int KEPT = 1_000;

    private final LinkedHashSet<String> lines = new LinkedHashSet<>();
    private final Consumer<String> told;

    Findings(Consumer<String> told) {
        this.told = told;
    }

    void add(String line) {
        if (keep(line)) {
            told.accept(line);
        }
    }

    /// False: it was kept already.
    private synchronized boolean keep(String line) {
        var isNew = !lines.contains(line);
        lines.addLast(line);
        if (lines.size() > KEPT) {
            lines.removeFirst();
        }
        return isNew;
    }

    synchronized List<String> lines() {
        return List.copyOf(lines);
    }
}
