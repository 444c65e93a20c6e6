package io.taffrail.replication.protocol;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.UUID;

/// Whether a storage may take part, and in which history.
///
/// @param formerHistories that forced recoveries replaced, oldest first
/// @param beginning what this storage has to do with the beginning of its history
/// @param seen the highest incarnation that peers' storages were heard with
public record Standing(List<UUID> formerHistories, Beginning beginning, Eviction eviction, List<Seen> seen) {
    /// How a storage came to its history.
    public enum Beginning {
        /// It has counted in it, or was there when the cluster was bootstrapped.
        PAST,
        /// A forced recovery began it here, and no leader of it has opened yet.
        FORCED_HERE,
        /// A forced recovery began it elsewhere, and this storage has counted nowhere in it.
        ENTERED
    }

    public record Seen(UUID storageId, long incarnation) {}

    /// A storage that is no member any more makes room for one that is; more members than these are not guarded.
    public static final int MAX_SEEN = 16;

    /// Few are ever made, and one that is older than these has to be emptied by hand.
    public static final int MAX_FORMER_HISTORIES = 8;

    public static final Standing NEW = new Standing(List.of(), Beginning.PAST, Eviction.NONE, List.of());

    public Standing {
        formerHistories = List.copyOf(formerHistories);
        seen = List.copyOf(seen);
    }

    /// A forced recovery replaces `history` here.
    Standing replacing(UUID history) {
        var former = new ArrayList<>(formerHistories);
        former.add(history);
        return new Standing(newest(former), Beginning.FORCED_HERE, Eviction.NONE, seen);
    }

    /// A new storage becomes a member.
    Standing joining(List<UUID> former) {
        return new Standing(newest(former), Beginning.PAST, evictionOfOlderVolume(), seen);
    }

    /// Another replica's forced recovery replaced this storage's history, and goes on with it.
    Standing entering(List<UUID> former) {
        return new Standing(newest(former), Beginning.ENTERED, evictionOfOlderVolume(), seen);
    }

    /// An older copy may have forgotten what it promised there.
    private Eviction evictionOfOlderVolume() {
        return eviction == Eviction.OLDER_VOLUME ? eviction : Eviction.NONE;
    }

    /// A leader of the history that was begun here has opened.
    Standing opened() {
        return new Standing(formerHistories, Beginning.PAST, eviction, seen);
    }

    /// It counts in its history from now on.
    Standing counting() {
        return entered() ? new Standing(formerHistories, Beginning.PAST, eviction, seen) : this;
    }

    boolean forced() {
        return beginning == Beginning.FORCED_HERE;
    }

    boolean entered() {
        return beginning == Beginning.ENTERED;
    }

    Standing evicted(Eviction why) {
        return new Standing(formerHistories, beginning, why, seen);
    }

    Standing having(SortedMap<UUID, Long> incarnations) {
        var next = new ArrayList<Seen>();
        incarnations.forEach((storage, incarnation) -> {
            if (next.size() < MAX_SEEN) {
                next.add(new Seen(storage, incarnation));
            }
        });
        return next.equals(seen) ? this : new Standing(formerHistories, beginning, eviction, next);
    }

    private static List<UUID> newest(List<UUID> histories) {
        return histories.subList(Math.max(0, histories.size() - MAX_FORMER_HISTORIES), histories.size());
    }
}
