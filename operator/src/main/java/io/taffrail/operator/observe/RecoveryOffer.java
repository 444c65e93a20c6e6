package io.taffrail.operator.observe;

import java.util.List;

/// What the replica that `spec.forceRecovery` names says of going on from its log.
public sealed interface RecoveryOffer {
    /// @param lastLsn where its log ends
    /// @param lines for people: what would be done and lost
    record Possible(String clusterId, String historyId, long lastLsn, List<String> lines) implements RecoveryOffer {
        public Possible {
            lines = List.copyOf(lines);
        }
    }

    record Refused(String message) implements RecoveryOffer {}
}
