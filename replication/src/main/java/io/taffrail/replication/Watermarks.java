package io.taffrail.replication;

/// How far the log has got at each level (replication.md 1.1): exclusive end LSNs. On a follower the leader's
/// own two are this replica's, and the quorum's are the newest that the leader told.
public record Watermarks(
        long leaderReceived,
        long leaderFlushed,
        long quorumReceived,
        long quorumFlushed,
        long allReceived,
        long allFlushed) {
    public static final Watermarks NONE = new Watermarks(0, 0, 0, 0, 0, 0);
}
