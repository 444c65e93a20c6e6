package io.taffrail.replication.protocol;

import java.util.ArrayList;
import java.util.List;

/// Which epoch wrote which part of the log, oldest first. The EPOCH_BEGIN entries are its source; it is what two
/// replicas compare to find where their logs part (KIP-101, KIP-279).
final class Lineage {
    private final List<EpochStart> starts = new ArrayList<>();

    void add(EpochStart start) {
        if (!starts.isEmpty()) {
            var last = starts.getLast();
            Check.that(
                    start.epoch() > last.epoch() && start.startLsn() > last.startLsn(),
                    "I3: epoch %s at %s after epoch %s at %s",
                    start.epoch(),
                    start.startLsn(),
                    last.epoch(),
                    last.startLsn());
        }
        starts.add(start);
    }

    void truncate(long lsn) {
        while (!starts.isEmpty() && starts.getLast().startLsn() >= lsn) {
            starts.removeLast();
        }
    }

    List<EpochStart> starts() {
        return List.copyOf(starts);
    }

    List<EpochStart> newest(int limit) {
        return List.copyOf(starts.subList(Math.max(0, starts.size() - limit), starts.size()));
    }

    /// Where the logs part: the end of the largest prefix that both can hold by their lineages. `theirs` may be
    /// only the newest part. Null: no epoch is common to both and neither is empty.
    ///
    /// The chain checksum of the answer is known when an epoch's end or `theirEnd` gives it; the caller verifies
    /// it against its own log in any case.
    static Meeting meet(Lineage mine, LogPosition myEnd, List<EpochStart> theirs, LogPosition theirEnd) {
        if (theirs.isEmpty() || mine.starts.isEmpty()) {
            return theirEnd.lsn() == 0 || myEnd.lsn() == 0
                    ? new Meeting.At(LogPosition.EMPTY, LogPosition.EMPTY)
                    : new Meeting.None();
        }
        int their = theirs.size() - 1;
        int my = mine.starts.size() - 1;
        while (their >= 0 && my >= 0) {
            var theirStart = theirs.get(their);
            var myStart = mine.starts.get(my);
            if (theirStart.epoch() == myStart.epoch()) {
                if (!theirStart.equals(myStart)) {
                    return new Meeting.Broken("epoch %s begins as %s here and as %s there"
                            .formatted(myStart.epoch(), myStart, theirStart));
                }
                var myEpochEnd =
                        my + 1 < mine.starts.size() ? mine.starts.get(my + 1).previousEnd() : myEnd;
                var theirEpochEnd =
                        their + 1 < theirs.size() ? theirs.get(their + 1).previousEnd() : theirEnd;
                return new Meeting.At(myEpochEnd, theirEpochEnd);
            }
            if (theirStart.epoch() > myStart.epoch()) {
                their--;
            } else {
                my--;
            }
        }
        // The logs part before the oldest epoch that either lists: what stands before it, if that is nothing.
        var oldest = their < 0 ? theirs.getFirst() : mine.starts.getFirst();
        return oldest.startLsn() == 0 ? new Meeting.At(LogPosition.EMPTY, LogPosition.EMPTY) : new Meeting.None();
    }

    /// How far this log holds what the log of `theirs` held too, which may have been trimmed there since.
    /// `theirs` is of a leader that leads: of its own epoch this log has nothing that it lacks. 0: nobody knows.
    long commonLsn(LogPosition myEnd, List<EpochStart> theirs) {
        return meet(this, myEnd, theirs, myEnd) instanceof Meeting.At meeting
                ? meeting.cut().lsn()
                : 0;
    }

    sealed interface Meeting {
        /// The largest common epoch ends here in the one log and there in the other; the logs are equal up to
        /// the shorter of the two.
        record At(LogPosition myEpochEnd, LogPosition theirEpochEnd) implements Meeting {
            /// The shorter of the two.
            LogPosition cut() {
                return theirEpochEnd.lsn() < myEpochEnd.lsn() ? theirEpochEnd : myEpochEnd;
            }
        }

        record None() implements Meeting {}

        /// One epoch with two beginnings: I1 does not hold, nobody truncates.
        record Broken(String message) implements Meeting {}
    }
}
