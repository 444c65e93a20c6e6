package io.taffrail.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.taffrail.replication.codec.ReplicaMeta;
import io.taffrail.replication.protocol.Configuration;
import io.taffrail.replication.protocol.Event;
import io.taffrail.replication.protocol.Eviction;
import io.taffrail.replication.protocol.HardState;
import io.taffrail.replication.protocol.LogPosition;
import io.taffrail.replication.protocol.LoggedConfiguration;
import io.taffrail.replication.protocol.Member;
import io.taffrail.replication.protocol.Standing;
import io.taffrail.wal.SlotFile;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class MembershipRulesTest {
    private static Member member(int id, int addressBytes) {
        return new Member(id, new UUID(0, id), "p".repeat(addressBytes), "c".repeat(addressBytes));
    }

    private static Configuration voters(int count, int addressBytes) {
        var voters = new ArrayList<Member>();
        for (var id = 0; id < count; id++) {
            voters.add(member(id, addressBytes));
        }
        return new Configuration(1, voters, List.of());
    }

    private static @Nullable String refusal(Configuration current, Member learner) {
        return MembershipRules.refusalOfChange(current, new Event.Change.AddLearner(learner));
    }

    @Test
    void addressThatNoLogHoldsIsRefused() {
        assertEquals(
                "the address \"" + "p".repeat(513) + "\" of node 3: at most 512 bytes are allowed",
                refusal(voters(3, 20), member(3, 513)));
        assertNotNull(MembershipRules.refusalOfFirst(voters(1, 513), 0, new UUID(0, 0)));
    }

    @Test
    void membersWhoseAddressesAreTooLongTogetherAreRefused() {
        assertNull(refusal(voters(7, 60), member(7, 60)));
        assertEquals(
                "the members with their addresses take 2556 bytes, at most 1674 are allowed: fewer or shorter ones are needed",
                refusal(voters(5, 200), member(5, 200)));
    }

    /// The largest one that is let through, twice, beside the most of everything else.
    @Test
    void twoConfigurationsThatAreAllowedFitInMeta() {
        var bytes = 1;
        while (refusal(voters(6, bytes + 1), member(6, bytes + 1)) == null) {
            bytes++;
        }
        var largest = new Configuration(9, voters(6, bytes).voters(), List.of(member(6, bytes)));
        var standing = new Standing(
                Collections.nCopies(Standing.MAX_FORMER_HISTORIES, new UUID(1, 1)),
                Standing.Beginning.ENTERED,
                Eviction.NONE,
                Collections.nCopies(Standing.MAX_SEEN, new Standing.Seen(new UUID(2, 2), 3)));
        var hard = HardState.EMPTY
                .withSuspect(true)
                .withConfigurationsFrom(
                        0, List.of(new LoggedConfiguration(1, largest), new LoggedConfiguration(2, largest)));
        var all = new HardState(new UUID(4, 4), new UUID(5, 5), 6, 7, 8, true, true, hard.configurations(), standing);
        var meta = new ReplicaMeta(0, new UUID(0, 0), 9, all, new LogPosition(1, 2, 3));
        assertEquals(meta, ReplicaMeta.decode(meta.encode(SlotFile.MAX_VALUE_BYTES)));
    }

    @Test
    void votersThatNameANodeOrAStorageTwiceAreRefused() {
        var twice = new Configuration(1, List.of(member(0, 5), member(1, 5), member(1, 6)), List.of());
        assertEquals("voters name node 1 twice", MembershipRules.refusalOfFirst(twice, 0, new UUID(0, 0)));
        var shared = new Configuration(1, List.of(member(0, 5), new Member(1, new UUID(0, 0), "p", "c")), List.of());
        assertEquals(
                "voters name storage 00000000-0000-0000-0000-000000000000 twice",
                MembershipRules.refusalOfFirst(shared, 0, new UUID(0, 0)));
    }

    @Test
    void repeatedBootstrapNamesTheVotersOfTheFirst() {
        assertNull(MembershipRules.refusalOfRepeated(voters(3, 5), voters(3, 5)));
        assertNotNull(MembershipRules.refusalOfRepeated(voters(3, 5), voters(5, 5)));
        // They have changed since.
        assertNull(MembershipRules.refusalOfRepeated(
                new Configuration(2, voters(4, 5).voters(), List.of()), voters(3, 5)));
    }
}
