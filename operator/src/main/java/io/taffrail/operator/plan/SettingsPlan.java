package io.taffrail.operator.plan;

import io.taffrail.operator.observe.ObservedReplica;
import io.taffrail.operator.observe.SettingsValues;
import java.util.Objects;

/// Brings settings to running replicas, without a restart.
final class SettingsPlan {
    private SettingsPlan() {}

    static void plan(Draft draft) {
        var wanted = SettingsValues.of(draft.spec);
        var generation = generation(draft, wanted);
        draft.seen.replicas().values().stream()
                .filter(SettingsPlan::listens)
                .filter(replica -> outdated(replica, wanted, draft.seen.generation()))
                .sorted((a, b) -> Integer.compare(a.nodeId(), b.nodeId()))
                .forEach(replica -> draft.act(new Action.ApplySettings(replica.nodeId(), generation, wanted)));
    }

    static boolean outdated(ObservedReplica replica, SettingsValues wanted, long generation) {
        return replica.settingsGeneration() < generation || !Objects.equals(replica.settings(), wanted);
    }

    /// Replicas refuse an older generation. A LogCluster that was deleted and created again over its volumes counts
    /// from 1 again, so the number continues from what the replicas have.
    private static long generation(Draft draft, SettingsValues wanted) {
        var generation = draft.seen.generation();
        for (var replica : draft.seen.replicas().values()) {
            if (!Objects.equals(replica.settings(), wanted)) {
                generation = Math.max(generation, replica.settingsGeneration() + 1);
            } else {
                generation = Math.max(generation, replica.settingsGeneration());
            }
        }
        return generation;
    }

    private static boolean listens(ObservedReplica replica) {
        return switch (replica.state()) {
            case FOLLOWER, CANDIDATE, LEADER_OPENING, LEADER, LEARNER -> true;
            case RECOVERING, UNINITIALIZED, STOPPING, FAILED, UNKNOWN -> false;
        };
    }
}
