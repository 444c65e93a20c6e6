package io.taffrail.replication.protocol;

import java.util.ArrayList;

/// Questions whether this leader still leads (Raft thesis, 6.4): answered once a majority has echoed a message that
/// was sent after the question came. Then nobody can have led a later epoch before the question, so all that was
/// acknowledged by then was acknowledged here. Many questions share a round.
final class ReadRounds {
    /// A question costs a few words, and whoever asks more often than a round takes is better refused.
    static final int MAX_WAITING = 8192;

    private final ReplicaState state;
    private final ArrayList<Waiting> waiting = new ArrayList<>();
    /// No message is told an earlier time than this: also of two that leave in the same instant, the one after a
    /// question is told apart from the one before it.
    private long floorNanos = Long.MIN_VALUE;
    private long lastSentNanos = Long.MIN_VALUE;

    private record Waiting(long requestId, long markNanos, long lsn, long giveUpNanos) {}

    ReadRounds(ReplicaState state) {
        this.state = state;
    }

    /// The time that a message of this leader carries, to be echoed.
    long sentNanos() {
        lastSentNanos = Math.max(state.nowNanos, floorNanos);
        return lastSentNanos;
    }

    /// No message of this leader has told a later time than what it may prove itself.
    long ownNanos() {
        return Math.max(state.nowNanos, floorNanos);
    }

    /// Returns whether a round has to be begun now; else one is under way, and the next follows it.
    boolean ask(long requestId, long lsn) {
        if (waiting.size() >= MAX_WAITING) {
            refuse(requestId, "%s reads wait for a majority's answer: retry later".formatted(MAX_WAITING));
            return false;
        }
        var underWay = !waiting.isEmpty();
        floorNanos = Math.max(state.nowNanos, lastSentNanos + 1);
        waiting.add(new Waiting(requestId, floorNanos, lsn, state.nowNanos + state.config.electionTimeoutMaxNanos()));
        return !underWay;
    }

    /// A majority has echoed what was sent at `provenNanos`. Returns whether another round has to be begun.
    boolean proven(long provenNanos, long epoch) {
        var answered = waiting.removeIf(question -> {
            if (question.markNanos() > provenNanos) {
                return false;
            }
            state.emit(
                    new Effect.RequestDone(question.requestId(), new Effect.RequestResult.Done(question.lsn(), epoch)));
            return true;
        });
        return answered && !waiting.isEmpty();
    }

    void expire() {
        waiting.removeIf(question -> {
            var over = state.nowNanos >= question.giveUpNanos();
            if (over) {
                refuse(question.requestId(), "no majority confirms in time that this replica leads");
            }
            return over;
        });
    }

    void refuseAll(String reason) {
        for (var question : waiting) {
            refuse(question.requestId(), "this replica does not lead any more: " + reason);
        }
        waiting.clear();
    }

    private void refuse(long requestId, String message) {
        state.emit(
                new Effect.RequestDone(requestId, new Effect.RequestResult.Refused(Effect.Reason.NOT_LEADER, message)));
    }
}
