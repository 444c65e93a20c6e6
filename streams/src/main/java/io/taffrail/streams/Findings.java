package io.taffrail.streams;

import java.util.ArrayDeque;
import java.util.List;

/// What went wrong and was survived, newest last. Any thread.
final class Findings {
    private static final int KEPT = 100;

    private final ArrayDeque<String> lines = new ArrayDeque<>();

    synchronized void add(String line) {
        if (lines.size() == KEPT) {
            lines.removeFirst();
        }
        lines.addLast(line);
    }

    synchronized List<String> lines() {
        return List.copyOf(lines);
    }
}
