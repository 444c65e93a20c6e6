package io.taffrail.replication.protocol;

/// The protocol's times and limits. Nanoseconds and bytes.
///
/// @param oldLeaderWaitNanos how long an election that could proceed waits for a previous leader that is
/// connected: it only lessens what is lost of asynchronous replication
/// @param hopelessBytes a candidate that lacks more than this against the voter is refused a pre-vote, and hands
/// over rather than fetch
/// @param windowBytes most bytes shipped to a follower and not acknowledged
/// @param lagBytes a follower that lacks more is not in sync; no append is admitted while a majority lacks more
/// @param lagNanos as `lagBytes`, by age
public record ProtocolConfig(
        long heartbeatNanos,
        long electionTimeoutMinNanos,
        long electionTimeoutMaxNanos,
        long syncTimeoutNanos,
        long amnesiaWaitNanos,
        boolean waitForAmnesic,
        long oldLeaderWaitNanos,
        long diskStallTimeoutNanos,
        long hopelessBytes,
        long windowBytes,
        long lagBytes,
        long lagNanos) {
    public ProtocolConfig {
        // A leader must notice that it lost its majority before a majority can have elected another, also with
        // clocks that drift by a tenth.
        Check.that(
                heartbeatNanos > 0 && electionTimeoutMinNanos >= 4 * heartbeatNanos,
                "electionTimeoutMin %s must be at least four heartbeats of %s",
                electionTimeoutMinNanos,
                heartbeatNanos);
        Check.that(
                electionTimeoutMaxNanos > electionTimeoutMinNanos,
                "electionTimeoutMax %s must be above the minimum %s",
                electionTimeoutMaxNanos,
                electionTimeoutMinNanos);
    }

    /// How long a leader believes in its majority after it last proved it.
    long leaseNanos() {
        return electionTimeoutMinNanos * 8 / 10;
    }

    ProtocolConfig with(Event.Limits limits) {
        return new ProtocolConfig(
                heartbeatNanos,
                electionTimeoutMinNanos,
                electionTimeoutMaxNanos,
                syncTimeoutNanos,
                amnesiaWaitNanos,
                waitForAmnesic,
                oldLeaderWaitNanos,
                diskStallTimeoutNanos,
                hopelessBytes,
                limits.windowBytes(),
                limits.lagBytes(),
                limits.lagNanos());
    }
}
