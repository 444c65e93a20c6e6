package io.taffrail.simulation.model;

import io.taffrail.replication.protocol.Message;

/// A message under way.
///
/// @param promisedBefore what the sender had promised before its newest promise
record Flight(int from, long fromIncarnation, int to, Message message, long promisedBefore) {
    /// No receiver that has promised more does anything with it but refuse.
    long epoch() {
        return switch (message) {
            case Message.Prepare(long epoch) -> epoch;
            case Message.Promise promise -> promise.epoch();
            case Message.Fetch fetch -> fetch.epoch();
            case Message.Fetched fetched -> fetched.epoch();
            case Message.Heartbeat heartbeat -> heartbeat.epoch();
            case Message.Replicate replicate -> replicate.epoch();
            case Message.Welcome welcome -> welcome.epoch();
            case Message.Join join -> join.epoch();
            case Message.Acknowledge acknowledge -> acknowledge.epoch();
            case Message.Stale stale -> stale.epoch();
            case Message.TimeoutNow timeoutNow -> timeoutNow.epoch();
            case Message.Reseed reseed -> reseed.epoch();
            case Message.SeedRequest request -> request.epoch();
            case Message.SeedChunk chunk -> chunk.epoch();
            case Message.Compare compare -> compare.epoch();
            case Message.Compared compared -> compared.epoch();
            case Message.RangeRequest _,
                    Message.Range _,
                    Message.PreVote _,
                    Message.PreVoteReply _,
                    Message.Invite _,
                    Message.Uninitialized _,
                    Message.Outdated _ -> 0;
        };
    }

    @Override
    public String toString() {
        return "%s/%s -> %s %s".formatted(from, fromIncarnation, to, message);
    }
}
