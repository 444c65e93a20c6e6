package io.taffrail.streams;

import org.jspecify.annotations.Nullable;

/// Which durability an append gets. The floor on each axis is the higher of the cluster's and the stream's.
/// What is asked for below it is refused; a default below it, set before the floor was raised, is raised.
final class DurabilityRules {
    private DurabilityRules() {}

    static CommitMode commitMode(@Nullable CommitMode asked, StreamConfig config, StreamSettings settings) {
        if (asked != null) {
            return asked;
        }
        var wanted = config.commitMode() == null ? settings.durability().commitMode() : config.commitMode();
        return higher(wanted, commitFloor(config, settings));
    }

    static ReplicationMode replicationMode(
            @Nullable ReplicationMode asked, StreamConfig config, StreamSettings settings) {
        if (asked != null) {
            return asked;
        }
        var wanted =
                config.replicationMode() == null ? settings.durability().replicationMode() : config.replicationMode();
        return higher(wanted, replicationFloor(config, settings));
    }

    static @Nullable Refusal belowFloor(
            CommitMode commitMode, ReplicationMode replicationMode, StreamConfig config, StreamSettings settings) {
        var commitFloor = commitFloor(config, settings);
        if (commitMode.compareTo(commitFloor) < 0) {
            return belowMinimum("commit_mode", commitMode, commitFloor);
        }
        var replicationFloor = replicationFloor(config, settings);
        if (replicationMode.compareTo(replicationFloor) < 0) {
            return belowMinimum("replication_mode", replicationMode, replicationFloor);
        }
        return null;
    }

    /// What is wrong with a stream's own modes: each that is set must reach the floor that they make with the
    /// cluster's.
    static @Nullable Refusal objection(StreamConfig config, StreamSettings settings) {
        var cluster = settings.minimum();
        if (config.minimumCommitMode() != null && config.minimumCommitMode().compareTo(cluster.commitMode()) < 0) {
            return belowMinimum("minimum_commit_mode", config.minimumCommitMode(), cluster.commitMode());
        }
        if (config.minimumReplicationMode() != null
                && config.minimumReplicationMode().compareTo(cluster.replicationMode()) < 0) {
            return belowMinimum("minimum_replication_mode", config.minimumReplicationMode(), cluster.replicationMode());
        }
        return belowFloor(
                commitMode(config.commitMode(), config, settings),
                replicationMode(config.replicationMode(), config, settings),
                config,
                settings);
    }

    private static CommitMode commitFloor(StreamConfig config, StreamSettings settings) {
        return higher(settings.minimum().commitMode(), config.minimumCommitMode());
    }

    private static ReplicationMode replicationFloor(StreamConfig config, StreamSettings settings) {
        return higher(settings.minimum().replicationMode(), config.minimumReplicationMode());
    }

    private static <E extends Enum<E>> E higher(E one, @Nullable E other) {
        return other != null && other.compareTo(one) > 0 ? other : one;
    }

    private static Refusal belowMinimum(String field, Enum<?> value, Enum<?> floor) {
        return Refusal.of(
                Refusal.Code.BELOW_MINIMUM, "%s %s: the minimum is %s".formatted(field, value.name(), floor.name()));
    }
}
