package io.taffrail.replication;

import io.taffrail.replication.codec.ReplicaMeta;
import io.taffrail.replication.protocol.Configuration;
import io.taffrail.replication.protocol.Event;
import io.taffrail.replication.protocol.Member;
import io.taffrail.wal.SlotFile;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Which members a person may ask for. Each method says why not; null: they may be.
final class MembershipRules {
    private MembershipRules() {}

    /// @param nodeId of the replica that is asked
    static @Nullable String refusalOfFirst(Configuration first, int nodeId, UUID storageId) {
        if (!first.isVoter(nodeId, storageId)) {
            return "voters do not name this replica, node %s with storage %s".formatted(nodeId, storageId);
        }
        var nodes = new HashSet<Integer>();
        var storages = new HashSet<UUID>();
        for (var voter : first.voters()) {
            // Twice in the number of votes that are needed, once among those that are given.
            if (!nodes.add(voter.nodeId())) {
                return "voters name node %s twice".formatted(voter.nodeId());
            }
            if (!storages.add(voter.storageId())) {
                return "voters name storage %s twice".formatted(voter.storageId());
            }
        }
        return refusalOfSize(first);
    }

    /// Of a bootstrap of the cluster that this replica is in. With which voters it began is only known until they
    /// change.
    static @Nullable String refusalOfRepeated(Configuration current, Configuration first) {
        return current.id() != first.id() || storages(current).equals(storages(first))
                ? null
                : "this replica was bootstrapped with the voters %s, not %s"
                        .formatted(storages(current), storages(first));
    }

    static @Nullable String refusalOfChange(Configuration current, Event.Change change) {
        if (change instanceof Event.Change.AddLearner(Member learner) && current.member(learner.nodeId()) == null) {
            var learners = new ArrayList<>(current.learners());
            learners.add(learner);
            return refusalOfSize(new Configuration(current.id() + 1, current.voters(), learners));
        }
        return null;
    }

    private static @Nullable String refusalOfSize(Configuration configuration) {
        return ReplicaMeta.refusal(configuration, SlotFile.MAX_VALUE_BYTES);
    }

    private static Map<Integer, UUID> storages(Configuration configuration) {
        return configuration.voters().stream()
                .collect(Collectors.toMap(Member::nodeId, Member::storageId, (one, _) -> one, TreeMap::new));
    }
}
