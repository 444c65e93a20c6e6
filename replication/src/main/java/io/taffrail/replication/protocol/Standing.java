package io.taffrail.replication.protocol;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/// Whether a storage may take part, and in which history.
///
/// @param formerHistories that forced recoveries replaced, oldest first
/// @param forced a forced recovery began this history here, and no leader of it has opened yet
public record Standing(List<UUID> formerHistories, boolean forced, Eviction eviction) {
    /// Few are ever made, and one that is older than these has to be emptied by hand.
    public static final int MAX_FORMER_HISTORIES = 8;

    public static final Standing NEW = new Standing(List.of(), false, Eviction.NONE);

    public Standing {
        formerHistories = List.copyOf(formerHistories);
    }

    /// A forced recovery replaces `history` here.
    Standing replacing(UUID history) {
        var former = new ArrayList<>(formerHistories);
        former.add(history);
        return new Standing(newest(former), true, Eviction.NONE);
    }

    /// Another replica's forced recovery replaced this storage's history, and goes on with it.
    Standing joining(List<UUID> former) {
        // An older copy may have forgotten what it promised there.
        return new Standing(newest(former), false, eviction == Eviction.OLDER_VOLUME ? eviction : Eviction.NONE);
    }

    Standing opened() {
        return new Standing(formerHistories, false, eviction);
    }

    Standing evicted(Eviction why) {
        return new Standing(formerHistories, forced, why);
    }

    private static List<UUID> newest(List<UUID> histories) {
        return histories.subList(Math.max(0, histories.size() - MAX_FORMER_HISTORIES), histories.size());
    }
}
