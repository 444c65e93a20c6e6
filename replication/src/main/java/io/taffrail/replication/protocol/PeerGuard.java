package io.taffrail.replication.protocol;

/// Whether a message can be what it says, before anything is made of it.
final class PeerGuard {
    /// A replica of this cluster that speaks of more would use the epochs up.
    static final long MAX_EPOCH_JUMP = 1L << 32;

    private PeerGuard() {}

    /// False: it was refused, and told where that is of use.
    static boolean admits(ReplicaState state, Event.Received received) {
        var message = received.message();
        var known = Math.max(state.highestEpoch, state.hard.promisedEpoch());
        var told = epoch(message);
        if (told - known > MAX_EPOCH_JUMP) {
            state.emit(new Effect.Violation(
                    received.from(),
                    "speaks of epoch %s, the highest known one is %s: refused".formatted(told, known)));
            return false;
        }
        if (beginsConversation(message) && !state.isCurrent(received.fromStorage(), received.fromIncarnation())) {
            // A frame of a process that is gone, or one of an older copy of the volume, which has to know.
            state.send(
                    received.from(),
                    new Message.Outdated(
                            received.fromStorage(), state.incarnations.getOrDefault(received.fromStorage(), 0L)));
            return false;
        }
        return true;
    }

    /// The highest that the message speaks of; 0: of none.
    private static long epoch(Message message) {
        return switch (message) {
            case Message.PreVote preVote -> preVote.epoch();
            case Message.PreVoteReply reply -> Math.max(reply.epoch(), reply.promisedEpoch());
            case Message.Prepare prepare -> prepare.epoch();
            case Message.Promise promise -> promise.epoch();
            case Message.Stale stale -> Math.max(stale.epoch(), stale.promisedEpoch());
            case Message.Fetch fetch -> fetch.epoch();
            case Message.Fetched fetched -> fetched.epoch();
            case Message.TimeoutNow timeoutNow -> timeoutNow.epoch();
            case Message.Heartbeat heartbeat -> heartbeat.epoch();
            case Message.Replicate replicate -> replicate.epoch();
            case Message.Join join -> join.epoch();
            case Message.Welcome welcome -> welcome.epoch();
            case Message.Reseed reseed -> reseed.epoch();
            case Message.SeedRequest request -> request.epoch();
            case Message.SeedChunk chunk -> chunk.epoch();
            case Message.Acknowledge acknowledge -> acknowledge.epoch();
            case Message.Compare compare -> compare.epoch();
            case Message.Compared compared -> compared.epoch();
            case Message.Invite _,
                    Message.Uninitialized _,
                    Message.Outdated _,
                    Message.RangeRequest _,
                    Message.Range _ -> 0;
        };
    }

    /// What follows in a conversation is tied to its beginning: by a session, an epoch, a nonce.
    private static boolean beginsConversation(Message message) {
        return switch (message) {
            case Message.PreVote _, Message.Prepare _, Message.Promise _, Message.Join _ -> true;
            default -> false;
        };
    }
}
