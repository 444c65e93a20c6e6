package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Whoever leads invites the members that it does not hear. One of them has a log that ends with a configuration which
/// no majority ever had, and that names the leader no more: to be heard it has to know where the leader is.
class InvitedMemberTest {
    private static final long NOW = 3000;

    private final Transcript transcript = new Transcript(3);

    @BeforeEach
    void nodeZeroRemovesNodeTwoAndNobodyHearsOfIt() {
        transcript.command("tick", "0", "2000");
        transcript.command("deliver");
        transcript.command("cut", "0", "1");
        transcript.command("cut", "0", "2");
        transcript.node(0).step(2000, new Event.ChangeConfiguration(1, 1, new Event.Change.RemoveVoter(2)));
        assertEquals(2, own().id());
        assertNull(own().voter(2));
    }

    private Configuration own() {
        return transcript.node(0).core.view(NOW).configuration();
    }

    private List<Member> locatedWhenInvitedBy(int node, Configuration configuration) {
        var invite = new Message.Invite(
                CoreNode.CLUSTER, CoreNode.CLUSTER, List.of(), new LoggedConfiguration(0, configuration));
        return transcript
                .node(0)
                .core
                .step(NOW, new Event.Received(node, CoreNode.member(node).storageId(), 1, invite))
                .stream()
                .filter(Effect.Locate.class::isInstance)
                .flatMap(effect -> ((Effect.Locate) effect).members().stream())
                .toList();
    }

    @Test
    void locatesTheLeaderThatItsOwnConfigurationLeavesOut() {
        assertEquals(List.of(CoreNode.member(2)), locatedWhenInvitedBy(2, CoreNode.configuration(3)));
    }

    @Test
    void takesNoAddressFromAnOlderConfigurationForWhomItsOwnNames() {
        var moved = new Member(1, CoreNode.member(1).storageId(), "peer-of-old", "client-of-old");
        assertEquals(
                List.of(),
                locatedWhenInvitedBy(2, new Configuration(1, List.of(CoreNode.member(0), moved), List.of())));
    }

    @Test
    void locatesEverybodyOfANewerOne() {
        var moved = new Member(1, new UUID(0, 1), "peer-of-new", "client-of-new");
        var newer = new Configuration(3, List.of(CoreNode.member(0), moved), List.of());
        assertEquals(newer.members(), locatedWhenInvitedBy(1, newer));
    }
}
