package io.taffrail.replication.protocol;

/// How far the log has got at each of the six levels (docs/operating/durability.md): exclusive end LSNs. On a follower
/// the leader's own two are this replica's, and the quorum's are the newest that the leader told.
public record Watermarks(
        long leaderReceived,
        long leaderFlushed,
        long quorumReceived,
        long quorumFlushed,
        long allReceived,
        long allFlushed) {
    public static final Watermarks NONE = new Watermarks(0, 0, 0, 0, 0, 0);

    public Watermarks cutTo(long lsn) {
        return new Watermarks(
                Math.min(leaderReceived, lsn),
                Math.min(leaderFlushed, lsn),
                Math.min(quorumReceived, lsn),
                Math.min(quorumFlushed, lsn),
                Math.min(allReceived, lsn),
                Math.min(allFlushed, lsn));
    }
}
