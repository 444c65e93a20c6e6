package io.taffrail.replication;

import io.taffrail.replication.protocol.Effect;
import io.taffrail.streams.Refusal;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/// Those who asked the core for something and wait for its answer.
final class Requests {
    private final Map<Long, Consumer<CommandOutcome>> waiting = new TreeMap<>();
    private long lastId;

    /// Returns the number by which the core answers; the first one is 1.
    long add(Consumer<CommandOutcome> done) {
        lastId++;
        waiting.put(lastId, done);
        return lastId;
    }

    void answer(long requestId, Effect.RequestResult result) {
        var done = waiting.remove(requestId);
        if (done != null) {
            done.accept(outcome(result));
        }
    }

    void loseAll(String message) {
        for (var done : waiting.values()) {
            done.accept(new CommandOutcome.Indeterminate(message));
        }
        waiting.clear();
    }

    private static CommandOutcome outcome(Effect.RequestResult result) {
        return switch (result) {
            case Effect.RequestResult.Done(long lsn, long epoch) -> new CommandOutcome.Done(lsn, epoch);
            case Effect.RequestResult.Indeterminate(String message) -> new CommandOutcome.Indeterminate(message);
            case Effect.RequestResult.Refused(Effect.Reason reason, String message) ->
                new CommandOutcome.Refused(Refusal.of(code(reason), message));
        };
    }

    static Refusal.Code code(Effect.Reason reason) {
        return switch (reason) {
            case NOT_LEADER -> Refusal.Code.NOT_LEADER;
            case INVALID -> Refusal.Code.INVALID_ARGUMENT;
            case NOT_NOW -> Refusal.Code.NOT_NOW;
        };
    }
}
