package io.taffrail.replication.protocol;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/// The newest configurations and where they stand in the log. One is in force from the moment that it is
/// appended, so a truncation may bring the one before it back. At most one is uncommitted (I33), and few are kept.
final class ConfigurationHistory {
    /// One in force, the one it replaced, and slack for a truncation that meets a second election.
    static final int LIMIT = 3;

    private final List<LoggedConfiguration> newestLast = new ArrayList<>();

    ConfigurationHistory(List<LoggedConfiguration> known) {
        newestLast.addAll(known);
    }

    Configuration current() {
        return newestLast.getLast().configuration();
    }

    /// LSN behind the entry that holds it, 0: it was given at bootstrap.
    long currentEndLsn() {
        return newestLast.getLast().endLsn();
    }

    boolean isEmpty() {
        return newestLast.isEmpty();
    }

    void add(LoggedConfiguration next) {
        if (!newestLast.isEmpty() && newestLast.getLast().endLsn() >= next.endLsn()) {
            return;
        }
        newestLast.add(next);
        if (newestLast.size() > LIMIT) {
            newestLast.removeFirst();
        }
    }

    /// Nothing before it counts any more, also not after a truncation.
    void replace(LoggedConfiguration only) {
        newestLast.clear();
        newestLast.add(only);
    }

    /// Returns whether another configuration is in force now.
    boolean truncate(long lsn) {
        var changed = false;
        while (newestLast.size() > 1 && newestLast.getLast().endLsn() > lsn) {
            newestLast.removeLast();
            changed = true;
        }
        return changed;
    }

    /// The one in force where the log has come to `lsn`; the oldest that is known, if that is newer.
    LoggedConfiguration at(long lsn) {
        var found = newestLast.getFirst();
        for (var logged : newestLast) {
            found = logged.endLsn() <= lsn ? logged : found;
        }
        return found;
    }

    /// Whether a member of any of them has this storage.
    boolean names(UUID storage) {
        return newestLast.stream()
                .flatMap(logged -> logged.configuration().members().stream())
                .anyMatch(member -> member.storageId().equals(storage));
    }

    List<LoggedConfiguration> known() {
        return List.copyOf(newestLast);
    }
}
