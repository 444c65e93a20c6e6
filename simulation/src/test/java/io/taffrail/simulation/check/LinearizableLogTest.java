package io.taffrail.simulation.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.simulation.check.LinearizableLog.Verdict;
import io.taffrail.simulation.check.LogOperation.Append;
import io.taffrail.simulation.check.LogOperation.CheckTail;
import io.taffrail.simulation.check.LogOperation.Outcome;
import io.taffrail.simulation.check.LogOperation.Read;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/// The judge itself: it accepts what one log can explain and refuses what none can.
class LinearizableLogTest {
    private static final Outcome UNKNOWN = new Outcome.Unknown();

    private static Append acknowledged(long key, long offset, long from, long to, Long... records) {
        return new Append(key, List.of(records), from, to, new Outcome.Acknowledged(offset));
    }

    private static Append unknown(long key, long from, Long... records) {
        return new Append(key, List.of(records), from, LogOperation.NEVER, UNKNOWN);
    }

    private static Read read(long offset, long from, long to, Long... records) {
        return new Read(offset, List.of(records), from, to);
    }

    private static void accepts(LogOperation... history) {
        assertEquals(new Verdict.Linearizable(), LinearizableLog.check(0, List.of(history)));
    }

    private static void refuses(String why, LogOperation... history) {
        var verdict = LinearizableLog.check(0, List.of(history));
        assertTrue(verdict instanceof Verdict.Violated(String said) && said.contains(why), verdict::toString);
    }

    @Test
    void acceptsWhatHappensOneAfterTheOther() {
        accepts(
                new CheckTail(0, 0, 1),
                acknowledged(1, 0, 2, 3, 11L, 12L),
                new CheckTail(2, 4, 5),
                acknowledged(2, 2, 6, 7, 21L),
                read(0, 8, 9, 11L, 12L, 21L),
                new CheckTail(3, 10, 11));
    }

    @Test
    void acceptsATailThatWasRightAtSomeMomentOfTheQuestion() {
        accepts(
                acknowledged(1, 0, 0, 10, 11L),
                acknowledged(2, 1, 2, 12, 21L),
                new CheckTail(0, 1, 20),
                new CheckTail(1, 3, 20),
                new CheckTail(2, 4, 20));
    }

    @Test
    void acceptsAppendsInAnyOrderWhileTheyOverlap() {
        accepts(acknowledged(1, 1, 0, 10, 11L), acknowledged(2, 0, 5, 6, 21L));
    }

    @Test
    void acceptsAnUnknownAppendThatIsSeenMuchLater() {
        accepts(unknown(1, 0, 11L), new CheckTail(0, 5, 6), acknowledged(2, 1, 7, 8, 21L), read(0, 9, 10, 11L, 21L));
    }

    @Test
    void acceptsAnUnknownAppendThatNeverTookEffect() {
        accepts(unknown(1, 0, 11L), acknowledged(2, 0, 1, 2, 21L), new CheckTail(1, 3, 4));
    }

    @Test
    void acceptsARefusalThatLeavesNoTrace() {
        accepts(
                new Append(1, List.of(11L), 0, 1, new Outcome.Refused()),
                acknowledged(2, 0, 2, 3, 21L),
                read(0, 4, 5, 21L));
    }

    @Test
    void acceptsAttemptsThatEndAsOne() {
        accepts(unknown(1, 0, 11L), acknowledged(1, 0, 5, 6, 11L), acknowledged(1, 0, 7, 8, 11L), read(0, 9, 10, 11L));
    }

    /// A follower may be behind: that is no lie about the log, only about its end, which it was not asked for.
    @Test
    void acceptsAReadThatEndsEarly() {
        accepts(acknowledged(1, 0, 0, 1, 11L), acknowledged(2, 1, 2, 3, 21L), read(0, 4, 5, 11L));
    }

    @Test
    void acceptsAStreamThatWasThereBefore() {
        var history = List.of(acknowledged(1, 700, 0, 1, 11L), new CheckTail(701, 2, 3));
        assertEquals(new Verdict.Linearizable(), LinearizableLog.check(700, history));
    }

    @Test
    void refusesAStaleTail() {
        refuses("CheckTail", acknowledged(1, 0, 0, 1, 11L), new CheckTail(0, 2, 3));
    }

    @Test
    void refusesATailAheadOfEveryAppend() {
        refuses("CheckTail", new CheckTail(1, 0, 1), acknowledged(1, 0, 2, 3, 11L));
    }

    @Test
    void refusesATailInsideABatch() {
        refuses("CheckTail", acknowledged(1, 0, 0, 9, 11L, 12L), new CheckTail(1, 1, 8));
    }

    @Test
    void refusesTailsThatGoBack() {
        refuses("CheckTail", unknown(1, 0, 11L), new CheckTail(1, 1, 2), new CheckTail(0, 3, 4));
    }

    @Test
    void refusesALostAppend() {
        refuses("holds", acknowledged(1, 0, 0, 1, 11L), acknowledged(2, 0, 2, 3, 21L), read(0, 4, 5, 21L));
    }

    @Test
    void refusesALostAppendThatNobodyReads() {
        refuses("", acknowledged(1, 0, 0, 1, 11L), acknowledged(2, 1, 2, 3, 21L), new CheckTail(1, 4, 5));
    }

    @Test
    void refusesAnAppendAcknowledgedAheadOfItsTime() {
        refuses("no log explains", acknowledged(1, 1, 0, 1, 11L), acknowledged(2, 0, 2, 3, 21L));
    }

    @Test
    void refusesARecordThatIsReadBeforeItIsAppended() {
        refuses("no log explains", read(0, 0, 1, 11L), acknowledged(1, 0, 2, 3, 11L));
    }

    @Test
    void refusesAReorderedRead() {
        refuses("holds", acknowledged(1, 0, 0, 1, 11L), acknowledged(2, 1, 2, 3, 21L), read(0, 4, 5, 21L, 11L));
    }

    @Test
    void refusesTwoReadsOfTwoOrders() {
        refuses("holds", unknown(1, 0, 11L), unknown(2, 0, 21L), read(0, 1, 2, 11L, 21L), read(0, 3, 4, 21L));
    }

    @Test
    void refusesAnAppendAcknowledgedAtTwoPlaces() {
        refuses("two offsets", acknowledged(1, 0, 0, 1, 11L), acknowledged(1, 1, 2, 3, 11L));
    }

    @Test
    void refusesTwoAppendsAtOnePlace() {
        refuses("one offset", acknowledged(1, 0, 0, 1, 11L), acknowledged(2, 0, 2, 3, 11L));
    }

    @Test
    void refusesAnAppendThatStandsTwiceInTheLog() {
        refuses("no log explains", unknown(1, 0, 11L), acknowledged(1, 0, 1, 2, 11L), read(0, 3, 4, 11L, 11L));
    }

    @Test
    void refusesRecordsOfARefusedAppend() {
        refuses("no log explains", new Append(1, List.of(11L), 0, 1, new Outcome.Refused()), read(0, 2, 3, 11L));
    }

    @Test
    void refusesRecordsThatNobodyAppended() {
        refuses("no log explains", acknowledged(1, 0, 0, 1, 11L), read(1, 2, 3, 99L));
    }

    @Test
    void saysWhenItCannotTell() {
        var history = new ArrayList<LogOperation>();
        for (var i = 0L; i < 30; i++) {
            history.add(unknown(i, 0, 1_000 + i));
        }
        history.add(new CheckTail(15, 1, 2));
        assertInstanceOf(Verdict.Undecided.class, LinearizableLog.check(0, history));
    }

    /// A log with many clients, some of whom are never told: accepted whatever overlaps, in time that grows with the
    /// history's length, and refused as soon as one tail is off by one.
    @Test
    void judgesLongHistories() {
        var random = new SplittableRandom(7);
        var history = new ArrayList<LogOperation>();
        var length = 0L;
        for (var i = 0; i < 5_000; i++) {
            var moment = 10L * i;
            var from = moment - random.nextInt(200);
            var to = moment + random.nextInt(200);
            switch (random.nextInt(4)) {
                case 0 -> history.add(new CheckTail(length, from, to));
                case 1 -> {
                    var start = Math.max(0, length - random.nextInt(20));
                    var records = LongStream.range(start, length).boxed().toList();
                    history.add(new Read(start, records, from, to));
                }
                default -> {
                    var records = LongStream.range(length, length + 1 + random.nextInt(5))
                            .boxed()
                            .toList();
                    var isKnown = random.nextInt(5) != 0;
                    history.add(new Append(
                            i,
                            records,
                            from,
                            isKnown ? to : LogOperation.NEVER,
                            isKnown ? new Outcome.Acknowledged(length) : UNKNOWN));
                    length += records.size();
                }
            }
        }
        var end = 10L * 5_000 + 1_000;
        history.add(new Read(0, LongStream.range(0, length).boxed().toList(), end, end + 1));
        Collections.shuffle(history, new java.util.Random(3));
        assertEquals(new Verdict.Linearizable(), LinearizableLog.check(0, history));

        history.add(new CheckTail(length - 1, end + 2, end + 3));
        assertInstanceOf(Verdict.Violated.class, LinearizableLog.check(0, history));
    }
}
