package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class TallyTest {
    private static final Configuration THREE =
            new Configuration(1, List.of(member(0), member(1), member(2)), List.of(member(9)));

    private static Member member(int id) {
        return new Member(id, new UUID(0, id), "", "");
    }

    private static Tally.Testimony testimony(int node, Integrity integrity, long epoch, long lsn) {
        return new Tally.Testimony(
                node,
                integrity,
                new LogPosition(lsn, epoch, 0),
                List.of(),
                0,
                0,
                new LoggedConfiguration(0, THREE),
                -1);
    }

    private static SortedMap<Integer, Tally.Testimony> of(Tally.Testimony... testimonies) {
        var map = new TreeMap<Integer, Tally.Testimony>();
        for (var testimony : testimonies) {
            map.put(testimony.nodeId(), testimony);
        }
        return map;
    }

    private static int tier(Tally.Testimony... testimonies) {
        return assertInstanceOf(Tally.Verdict.Sufficient.class, Tally.verdict(THREE, of(testimonies)))
                .tier();
    }

    private static void insufficient(Tally.Testimony... testimonies) {
        assertInstanceOf(Tally.Verdict.Insufficient.class, Tally.verdict(THREE, of(testimonies)));
    }

    @Test
    void anIntactMajorityMissesNothing() {
        assertEquals(1, tier(testimony(0, Integrity.INTACT, 1, 1), testimony(1, Integrity.INTACT, 1, 1)));
    }

    @Test
    void aMajorityIsNeeded() {
        insufficient(testimony(0, Integrity.INTACT, 1, 1));
    }

    @Test
    void whenAllHaveSpokenNoMoreCanBeKnown() {
        assertEquals(
                2,
                tier(
                        testimony(0, Integrity.AMNESIC, 1, 1),
                        testimony(1, Integrity.AMNESIC, 1, 1),
                        testimony(2, Integrity.INTACT, 1, 1)));
    }

    @Test
    void aSilentVoterMayHoldWhatAnAmnesicOneForgot() {
        assertEquals(3, tier(testimony(0, Integrity.INTACT, 1, 1), testimony(1, Integrity.AMNESIC, 1, 1)));
    }

    @Test
    void whoIsSuspectOrNoVoterCountsNowhere() {
        insufficient(testimony(0, Integrity.INTACT, 1, 1), testimony(1, Integrity.SUSPECT, 1, 1));
        insufficient(testimony(0, Integrity.INTACT, 1, 1), testimony(9, Integrity.INTACT, 1, 1));
    }

    @Test
    void theBestLogIsTheOneOfTheNewestEpochAndThenTheLongest() {
        var testimonies = of(
                testimony(0, Integrity.INTACT, 1, 900),
                testimony(1, Integrity.INTACT, 2, 100),
                testimony(2, Integrity.SUSPECT, 3, 999));
        assertEquals(
                1, Objects.requireNonNull(Tally.best(THREE, testimonies, 0)).nodeId());
    }

    @Test
    void amongEqualLogsTheCandidatesOwnIsBest() {
        var testimonies = of(testimony(0, Integrity.INTACT, 2, 100), testimony(1, Integrity.INTACT, 2, 100));
        assertEquals(
                1, Objects.requireNonNull(Tally.best(THREE, testimonies, 1)).nodeId());
    }
}
