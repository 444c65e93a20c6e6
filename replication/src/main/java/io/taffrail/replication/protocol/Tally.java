package io.taffrail.replication.protocol;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/// Whether what the voters testified suffices to lead, and whose log to adopt. Counts voters of one configuration
/// only; anyone else's testimony is not looked at (I13).
final class Tally {
    private Tally() {}

    /// @param integrity as it was when the testimony was taken, after the promise
    record Testimony(
            int nodeId,
            Integrity integrity,
            LogPosition end,
            List<EpochStart> lineage,
            long quorumReceived,
            long quorumFlushed,
            LoggedConfiguration configuration,
            int previousLeader) {}

    sealed interface Verdict {
        /// 1: a majority is intact, nothing that a majority counted is missing. 2: every voter has spoken, more
        /// cannot be known. 3: a majority is sound but some voter is silent that may hold more.
        record Sufficient(int tier) implements Verdict {}

        /// Wait for more testimonies.
        record Insufficient() implements Verdict {}
    }

    static Verdict verdict(Configuration configuration, SortedMap<Integer, Testimony> testimonies) {
        var spoken = 0;
        var intact = 0;
        var sound = 0;
        for (var voter : configuration.voters()) {
            var testimony = testimonies.get(voter.nodeId());
            if (testimony == null) {
                continue;
            }
            spoken++;
            switch (testimony.integrity()) {
                case INTACT -> {
                    intact++;
                    sound++;
                }
                case AMNESIC -> sound++;
                case SUSPECT -> {}
            }
        }
        var majority = configuration.majority();
        if (intact >= majority) {
            return new Verdict.Sufficient(1);
        }
        if (sound < majority) {
            return new Verdict.Insufficient();
        }
        return new Verdict.Sufficient(spoken == configuration.voters().size() ? 2 : 3);
    }

    /// The sound voter whose log is ahead; `self` if none is ahead of it.
    static @Nullable Testimony best(Configuration configuration, SortedMap<Integer, Testimony> testimonies, int self) {
        var best = sound(testimonies.get(self));
        for (var voter : configuration.voters()) {
            var testimony = sound(testimonies.get(voter.nodeId()));
            if (testimony != null && (best == null || testimony.end().isAheadOf(best.end()))) {
                best = testimony;
            }
        }
        return best;
    }

    static List<Integer> voters(Configuration configuration, SortedMap<Integer, Testimony> testimonies) {
        var spoken = new ArrayList<Integer>();
        for (var voter : configuration.voters()) {
            if (testimonies.containsKey(voter.nodeId())) {
                spoken.add(voter.nodeId());
            }
        }
        return List.copyOf(spoken);
    }

    private static @Nullable Testimony sound(@Nullable Testimony testimony) {
        return testimony != null && testimony.integrity() != Integrity.SUSPECT ? testimony : null;
    }
}
