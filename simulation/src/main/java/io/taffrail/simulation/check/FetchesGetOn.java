package io.taffrail.simulation.check;

import io.taffrail.replication.protocol.Message;
import java.util.HashMap;

/// A candidate that lacks entries, asks for them and is given them, has them: it does not ask again and again for what
/// it was answered. Without that, whoever holds the best log would have to stand itself for anyone to lead.
public final class FetchesGetOn {
    /// Answers that crossed repeated questions.
    private static final int ANSWERS = 4;

    private record Asked(long epoch, long lsn) {}

    private final HashMap<String, Asked> asked = new HashMap<>();
    private final HashMap<String, Integer> answers = new HashMap<>();

    public void asks(String process, Message.Fetch fetch) {
        var question = new Asked(fetch.epoch(), fetch.from().lsn());
        if (!question.equals(asked.put(process, question))) {
            answers.remove(process);
        } else if (answers.getOrDefault(process, 0) > ANSWERS) {
            throw new InvariantViolation(
                    "FetchesGetOn",
                    "%s asks once more for %s, after %s answers".formatted(process, fetch, answers.get(process)));
        }
    }

    public boolean hasAsked(String process) {
        return asked.containsKey(process);
    }

    /// The answer has reached the process.
    public void answered(String process, Message.Fetched fetched) {
        var question = asked.get(process);
        if (question != null
                && question.equals(new Asked(fetched.epoch(), fetched.from().lsn()))
                && fetched.entries().hasRemaining()) {
            answers.merge(process, 1, Integer::sum);
        }
    }
}
