package io.taffrail.replication.protocol;

/// What a replica is at the moment. Every method returns the role that it is from then on, mostly itself.
sealed interface Role permits FollowerRole, CandidateRole, LeaderRole {
    /// Called once, after the role was taken.
    Role enter();

    Role tick();

    /// A message of this role's epoch, or an answer to what it asked.
    Role received(Event.Received received);

    Role appended(Event.Appended appended);

    /// The log's positions or the hard state's durability moved.
    Role progress();

    Role truncated();

    Role connected(int nodeId, boolean connected);

    /// Somebody refused `epoch`, since it promised `promisedEpoch`.
    Role stale(long epoch, long promisedEpoch);

    /// An epoch above this role's is promised from here on.
    Role deposed(String reason);

    /// Whether it has heard its leader so lately that an election would only disturb.
    boolean hearsLeader();

    /// -1: none is known.
    int leader();

    ReplicationCore.Kind kind();

    String detail();
}
