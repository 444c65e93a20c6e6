package io.taffrail.simulation.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class VotersByEpochTest {
    private final VotersByEpoch voters = new VotersByEpoch();

    private static Map<Integer, UUID> nodes(int... ids) {
        var members = new TreeMap<Integer, UUID>();
        for (var id : ids) {
            members.put(id, new UUID(0, id));
        }
        return members;
    }

    @Test
    void anOvertakenLeaderKeepsTheVotersOfItsReignWhateverItsSuccessorChanges() {
        voters.configured(4, nodes(0, 3, 4), nodes(0, 3));
        voters.configured(5, nodes(0, 3, 4), nodes(0, 3));
        voters.configured(5, nodes(0, 1, 3, 4), nodes(0, 3, 4));
        voters.configured(5, nodes(0, 1, 2, 3, 4), nodes(0, 1, 3, 4));
        assertTrue(voters.wasOvertaken(4));
        assertFalse(voters.wasOvertaken(5));
        assertEquals(List.of(nodes(0, 3, 4), nodes(0, 3), nodes(0, 2, 3, 4)), voters.of(4, nodes(0, 2, 3, 4)));
    }

    @Test
    void aReignWithoutAChangeHasTheVotersOfTheOneBefore() {
        voters.configured(1, nodes(0, 1, 2), nodes());
        voters.configured(3, nodes(0, 1), nodes(0, 1, 2));
        assertEquals(List.of(nodes(0, 1, 2), nodes(), nodes(0, 1, 2)), voters.of(2, nodes(0, 1, 2)));
    }

    @Test
    void nobodyIsOvertakenBeforeThereAreVoters() {
        assertFalse(voters.wasOvertaken(0));
        assertEquals(List.of(nodes(0)), voters.of(0, nodes(0)));
    }
}
