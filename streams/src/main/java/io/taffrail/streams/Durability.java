package io.taffrail.streams;

/// One cell of the durability table: what an acknowledgement promises.
public record Durability(CommitMode commitMode, ReplicationMode replicationMode) {
    public static final Durability SAFEST_DEFAULT = new Durability(CommitMode.SYNC, ReplicationMode.QUORUM);
    public static final Durability WEAKEST = new Durability(CommitMode.ASYNC, ReplicationMode.ASYNC);

    /// At least as safe on both axes.
    public boolean covers(Durability other) {
        return commitMode.compareTo(other.commitMode) >= 0 && replicationMode.compareTo(other.replicationMode) >= 0;
    }
}
