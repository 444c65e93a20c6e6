package io.taffrail.simulation.check;

import java.util.List;

/// What a client did to one stream and when: times of one clock in nanoseconds, a record as 64 bits that stand for
/// its bytes. Plain values, so that a history of real processes can be judged as well.
public sealed interface LogOperation {
    /// The client was never told how it ended.
    long NEVER = Long.MAX_VALUE;

    long invokedNanos();

    /// [#NEVER]: its effect may come at any time.
    long returnedNanos();

    /// An attempt to append.
    ///
    /// @param key equal for all attempts of which one alone may take effect, as of a producer's sequence
    /// @param records not empty
    record Append(long key, List<Long> records, long invokedNanos, long returnedNanos, Outcome outcome)
            implements LogOperation {
        public Append {
            records = List.copyOf(records);
        }
    }

    sealed interface Outcome {
        /// It is in the log from `offset` on.
        record Acknowledged(long offset) implements Outcome {}

        /// It is not in the log and never will be.
        record Refused() implements Outcome {}

        /// It is in the log, or will be, or not.
        record Unknown() implements Outcome {}
    }

    /// A read from any replica: these records stand at `offset` and behind it. More may have been there.
    record Read(long offset, List<Long> records, long invokedNanos, long returnedNanos) implements LogOperation {
        public Read {
            records = List.copyOf(records);
        }

        long endOffset() {
            return offset + records.size();
        }
    }

    /// The log ended at `offset` at some time between the question and the answer.
    record CheckTail(long offset, long invokedNanos, long returnedNanos) implements LogOperation {}
}
