package io.taffrail.acceptance;

import io.taffrail.proto.log.CommitMode;
import io.taffrail.proto.log.ReplicationMode;

/// One of the six ways to be acknowledged, and what it may lose.
enum Cell {
    SYNC_ALL(CommitMode.COMMIT_MODE_SYNC, ReplicationMode.REPLICATION_MODE_ALL),
    SYNC_QUORUM(CommitMode.COMMIT_MODE_SYNC, ReplicationMode.REPLICATION_MODE_QUORUM),
    SYNC_ASYNC(CommitMode.COMMIT_MODE_SYNC, ReplicationMode.REPLICATION_MODE_ASYNC),
    ASYNC_ALL(CommitMode.COMMIT_MODE_ASYNC, ReplicationMode.REPLICATION_MODE_ALL),
    ASYNC_QUORUM(CommitMode.COMMIT_MODE_ASYNC, ReplicationMode.REPLICATION_MODE_QUORUM),
    ASYNC_ASYNC(CommitMode.COMMIT_MODE_ASYNC, ReplicationMode.REPLICATION_MODE_ASYNC);

    private final CommitMode commit;
    private final ReplicationMode replication;

    Cell(CommitMode commit, ReplicationMode replication) {
        this.commit = commit;
        this.replication = replication;
    }

    CommitMode commit() {
        return commit;
    }

    ReplicationMode replication() {
        return replication;
    }

    /// The stream that its writer has to itself.
    String stream() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }

    boolean isSync() {
        return commit == CommitMode.COMMIT_MODE_SYNC;
    }

    boolean isOnMajority() {
        return replication != ReplicationMode.REPLICATION_MODE_ASYNC;
    }
}
