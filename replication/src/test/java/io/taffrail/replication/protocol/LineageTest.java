package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class LineageTest {
    private static final EpochStart E1 = new EpochStart(1, 0, 0, 0);
    private static final EpochStart E2 = new EpochStart(2, 100, 1, 0x11);
    private static final EpochStart E3_AFTER_1 = new EpochStart(3, 80, 1, 0x10);
    private static final EpochStart E4_AFTER_2 = new EpochStart(4, 200, 2, 0x22);

    private static Lineage lineage(EpochStart... starts) {
        var lineage = new Lineage();
        for (var start : starts) {
            lineage.add(start);
        }
        return lineage;
    }

    private static LogPosition cut(Lineage.Meeting meeting) {
        return assertInstanceOf(Lineage.Meeting.At.class, meeting).cut();
    }

    @Test
    void aFollowerThatIsBehindLosesNothing() {
        var theirs = new LogPosition(60, 1, 0x0f);
        var meeting = Lineage.meet(lineage(E1, E2), new LogPosition(150, 2, 0x15), List.of(E1), theirs);
        assertEquals(theirs, cut(meeting));
    }

    @Test
    void aFollowerThatIsAheadInAnOldEpochIsCutAtThatEpochsEnd() {
        var meeting = Lineage.meet(
                lineage(E1, E3_AFTER_1), new LogPosition(90, 3, 0x12), List.of(E1), new LogPosition(120, 1, 0x13));
        assertEquals(new LogPosition(80, 1, 0x10), cut(meeting));
    }

    @Test
    void epochsThatTheOtherNeverSawAreSkippedOnBothSides() {
        var meeting = Lineage.meet(
                lineage(E1, E3_AFTER_1),
                new LogPosition(90, 3, 0x12),
                List.of(E1, E2, E4_AFTER_2),
                new LogPosition(300, 4, 0x44));
        assertEquals(new LogPosition(80, 1, 0x10), cut(meeting));
    }

    @Test
    void whatIsCommonWithALeadersLogEndsWhereTheLogsPart() {
        var theirs = List.of(E1, E2, E4_AFTER_2);
        assertEquals(150, lineage(E1, E2).commonLsn(new LogPosition(150, 2, 0x15), theirs), "it is behind");
        assertEquals(250, lineage(E1, E2, E4_AFTER_2).commonLsn(new LogPosition(250, 4, 0x25), theirs));
        assertEquals(
                200, lineage(E1, E2).commonLsn(new LogPosition(230, 2, 0x23), theirs), "it is ahead in an old epoch");
        assertEquals(80, lineage(E1, E3_AFTER_1).commonLsn(new LogPosition(90, 3, 0x12), theirs));
        assertEquals(0, lineage().commonLsn(new LogPosition(90, 3, 0x12), theirs), "nobody knows");
    }

    @Test
    void emptyLogsMeetAtTheBeginning() {
        assertEquals(
                LogPosition.EMPTY,
                cut(Lineage.meet(lineage(E1), new LogPosition(50, 1, 1), List.of(), LogPosition.EMPTY)));
        assertEquals(
                LogPosition.EMPTY,
                cut(Lineage.meet(lineage(), LogPosition.EMPTY, List.of(E1), new LogPosition(50, 1, 1))));
    }

    @Test
    void twoBeginningsOfOneEpochBreakThePromise() {
        assertInstanceOf(
                Lineage.Meeting.Broken.class,
                Lineage.meet(
                        lineage(E1, E2),
                        new LogPosition(150, 2, 0),
                        List.of(E1, new EpochStart(2, 90, 1, 0x10)),
                        new LogPosition(150, 2, 0)));
    }

    @Test
    void logsWhoseNewestEpochsHaveNothingInCommonDoNotMeet() {
        assertInstanceOf(
                Lineage.Meeting.None.class,
                Lineage.meet(
                        lineage(E4_AFTER_2),
                        new LogPosition(300, 4, 1),
                        List.of(E3_AFTER_1),
                        new LogPosition(90, 3, 1)));
    }

    @Test
    void epochsOnlyGrow() {
        var lineage = lineage(E1, E2);
        assertThrows(Check.BrokenInvariantException.class, () -> lineage.add(E1));
    }

    @Test
    void aCutForgetsTheEpochsBeyondIt() {
        var lineage = lineage(E1, E2, E4_AFTER_2);
        lineage.truncate(200);
        assertEquals(List.of(E1, E2), lineage.starts());
        lineage.truncate(100);
        assertEquals(List.of(E1), lineage.starts());
    }
}
