package io.taffrail.replication.protocol;

/// The six watermarks: how far each cell of the durability table holds, as exclusive end LSNs.
public record Levels(
        long leaderReceived,
        long leaderFlushed,
        long quorumReceived,
        long quorumFlushed,
        long allReceived,
        long allFlushed) {
    public static final Levels NONE = new Levels(0, 0, 0, 0, 0, 0);

    public Levels cutTo(long lsn) {
        return new Levels(
                Math.min(leaderReceived, lsn),
                Math.min(leaderFlushed, lsn),
                Math.min(quorumReceived, lsn),
                Math.min(quorumFlushed, lsn),
                Math.min(allReceived, lsn),
                Math.min(allFlushed, lsn));
    }
}
