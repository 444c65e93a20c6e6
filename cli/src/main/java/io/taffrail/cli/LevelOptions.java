package io.taffrail.cli;

import io.taffrail.proto.log.CommitMode;
import io.taffrail.proto.log.ReplicationMode;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// How safe an append must be before it is acknowledged.
final class LevelOptions {
    enum Commit {
        ASYNC,
        SYNC
    }

    enum Replication {
        ASYNC,
        QUORUM,
        ALL
    }

    @Option(
            names = "--commit-mode",
            paramLabel = "MODE",
            description = "when a copy counts: async (in memory) or sync (on disk)")
    @Nullable
    Commit commit;

    @Option(
            names = "--replication-mode",
            paramLabel = "MODE",
            description = "how many copies: async (the leader's), quorum or all")
    @Nullable
    Replication replication;

    CommitMode commitMode() {
        return of(commit);
    }

    ReplicationMode replicationMode() {
        return of(replication);
    }

    static CommitMode of(@Nullable Commit commit) {
        return switch (commit) {
            case null -> CommitMode.COMMIT_MODE_UNSPECIFIED;
            case ASYNC -> CommitMode.COMMIT_MODE_ASYNC;
            case SYNC -> CommitMode.COMMIT_MODE_SYNC;
        };
    }

    static ReplicationMode of(@Nullable Replication replication) {
        return switch (replication) {
            case null -> ReplicationMode.REPLICATION_MODE_UNSPECIFIED;
            case ASYNC -> ReplicationMode.REPLICATION_MODE_ASYNC;
            case QUORUM -> ReplicationMode.REPLICATION_MODE_QUORUM;
            case ALL -> ReplicationMode.REPLICATION_MODE_ALL;
        };
    }

    /// `Sync`, as in the documentation.
    static String name(CommitMode mode) {
        return switch (mode) {
            case COMMIT_MODE_ASYNC -> "Async";
            case COMMIT_MODE_SYNC -> "Sync";
            case COMMIT_MODE_UNSPECIFIED, UNRECOGNIZED -> "default";
        };
    }

    static String name(ReplicationMode mode) {
        return switch (mode) {
            case REPLICATION_MODE_ASYNC -> "Async";
            case REPLICATION_MODE_QUORUM -> "Quorum";
            case REPLICATION_MODE_ALL -> "All";
            case REPLICATION_MODE_UNSPECIFIED, UNRECOGNIZED -> "default";
        };
    }
}
