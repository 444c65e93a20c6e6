package io.taffrail.replication.protocol;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.UUID;

/// Whether a storage may take part, and in which history.
///
/// @param formerHistories that forced recoveries replaced, oldest first
/// @param forced a forced recovery began this history here, and no leader of it has opened yet
/// @param seen the highest incarnation that peers' storages were heard with
public record Standing(List<UUID> formerHistories, boolean forced, Eviction eviction, List<Seen> seen) {
    public record Seen(UUID storageId, long incarnation) {}

    /// A storage that is no member any more makes room for one that is; more members than these are not guarded.
    public static final int MAX_SEEN = 16;

    /// Few are ever made, and one that is older than these has to be emptied by hand.
    public static final int MAX_FORMER_HISTORIES = 8;

    public static final Standing NEW = new Standing(List.of(), false, Eviction.NONE, List.of());

    public Standing {
        formerHistories = List.copyOf(formerHistories);
        seen = List.copyOf(seen);
    }

    /// A forced recovery replaces `history` here.
    Standing replacing(UUID history) {
        var former = new ArrayList<>(formerHistories);
        former.add(history);
        return new Standing(newest(former), true, Eviction.NONE, seen);
    }

    /// Another replica's forced recovery replaced this storage's history, and goes on with it.
    Standing joining(List<UUID> former) {
        // An older copy may have forgotten what it promised there.
        return new Standing(newest(former), false, eviction == Eviction.OLDER_VOLUME ? eviction : Eviction.NONE, seen);
    }

    Standing opened() {
        return new Standing(formerHistories, false, eviction, seen);
    }

    Standing evicted(Eviction why) {
        return new Standing(formerHistories, forced, why, seen);
    }

    Standing having(SortedMap<UUID, Long> incarnations) {
        var next = new ArrayList<Seen>();
        incarnations.forEach((storage, incarnation) -> {
            if (next.size() < MAX_SEEN) {
                next.add(new Seen(storage, incarnation));
            }
        });
        return next.equals(seen) ? this : new Standing(formerHistories, forced, eviction, next);
    }

    private static List<UUID> newest(List<UUID> histories) {
        return histories.subList(Math.max(0, histories.size() - MAX_FORMER_HISTORIES), histories.size());
    }
}
