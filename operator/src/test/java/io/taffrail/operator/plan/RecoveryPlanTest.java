package io.taffrail.operator.plan;

import static io.taffrail.operator.Altered.altered;
import static io.taffrail.operator.plan.Sight.HISTORY;
import static io.taffrail.operator.plan.Sight.NOW;
import static io.taffrail.operator.plan.Sight.UID;
import static io.taffrail.operator.plan.Sight.spec;
import static io.taffrail.operator.plan.Sight.storage;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.operator.observe.ObservedCluster.PodSet;
import io.taffrail.operator.observe.ObservedCluster.Recorded;
import io.taffrail.operator.observe.ObservedCluster.Recovery;
import io.taffrail.operator.observe.ObservedReplica;
import io.taffrail.operator.observe.ObservedReplica.Integrity;
import io.taffrail.operator.observe.ObservedReplica.State;
import io.taffrail.operator.observe.RecoveryOffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// `spec.forceRecovery`: when it is shown, refused, recorded, passed on, and when not again.
final class RecoveryPlanTest {
    private static final String NEW_HISTORY = "00000000-0000-4000-a000-000000000002";
    private static final RecoveryOffer OFFER = new RecoveryOffer.Possible(UID, HISTORY, 4_096, List.of("LOSS: some"));
    private static final String SHOW = "forceRecovery: {from: 0}";
    private static final String ACCEPT = accept(UID, 4_096);
    private static final Map<Integer, String> VOTERS = Map.of(0, storage(0), 1, storage(1), 2, storage(2));

    private static String accept(String clusterId, long lsn) {
        return "forceRecovery: {from: 0, acceptDataLoss: " + clusterId + ", expectLastLsn: \"" + lsn + "\"}";
    }

    private static Plan plan(String spec, Sight sight) {
        return new ClusterPlanner(Duration.ofSeconds(30)).plan(spec(spec), sight.seen(), NOW);
    }

    /// Node 0 is left; the pods of the others run on empty volumes.
    private static Sight lost() {
        var sight = Sight.healthy(3)
                .replica(0, it -> Sight.with(it, State.CANDIDATE))
                .offers(OFFER);
        for (var node = 1; node < 3; node++) {
            sight.addReplica(emptied(node));
        }
        return sight;
    }

    private static ObservedReplica emptied(int node) {
        var fresh = Sight.replica(node, State.UNINITIALIZED, null, Map.of(), Set.of(), Map.of(), 0, null);
        return altered(fresh, "storageId", "00000000-0000-4000-9000-0000000000f" + node);
    }

    /// Node 1, as it was before its volume was lost.
    private static ObservedReplica other() {
        return Objects.requireNonNull(Sight.healthy(3).seen().replicas().get(1));
    }

    private static Recovery decided(Plan plan) {
        return plan.actions().stream()
                .filter(Action.ForceRecovery.class::isInstance)
                .map(it -> ((Action.ForceRecovery) it).recovery())
                .findFirst()
                .orElseThrow();
    }

    private static Sight recorded(Sight sight, Recovery recovery) {
        return sight.recorded(new Recorded(UID, VOTERS, true, VOTERS.keySet(), List.of(recovery)));
    }

    private static void refuses(String reason, Plan plan) {
        assertEquals(List.of(), plan.actions());
        assertTrue(
                plan.waits().stream().anyMatch(it -> it.refused() && it.reason().equals(reason)), plan.toString());
    }

    @Test
    void withoutConsentOnlyThePlanIsShown() {
        var plan = plan(SHOW, lost());
        refuses("RecoveryPlanned", plan);
        assertTrue(plan.waits().getFirst().message().contains("4096"), plan.toString());
    }

    @Test
    void theDecisionIsRecordedBeforeTheReplicaHearsOfIt() {
        var plan = plan(ACCEPT, lost());
        var recovery = decided(plan);
        assertEquals(List.of(new Action.RecordRecovery(recovery), new Action.ForceRecovery(recovery)), plan.actions());
        assertEquals(List.of(0), recovery.survivors());
        assertEquals(HISTORY, recovery.historyId());
        assertEquals(4_096, recovery.expectedLastLsn());
        assertEquals(List.of("LOSS: some"), recovery.plan());
        assertEquals("RecoveryUnderWay", plan.waits().getFirst().reason());
    }

    @Test
    void onceRecordedTheSameRequestIsSentUntilANewHistoryIsSeen() {
        var recovery = decided(plan(ACCEPT, lost()));
        var plan = plan(ACCEPT, recorded(lost(), recovery));
        assertEquals(List.of(new Action.ForceRecovery(recovery)), plan.actions());
    }

    @Test
    void aNewHistoryCompletesItAndIsNotForcedAgain() {
        var recovery = decided(plan(ACCEPT, lost()));
        var sight = recorded(lost(), recovery).replica(0, it -> altered(it, "historyId", NEW_HISTORY));
        assertEquals(
                List.of(new Action.RecordRecovery(recovery.asCompleted())),
                plan(ACCEPT, sight).actions());
        // Also where the person took the request back meanwhile.
        assertEquals(
                List.of(new Action.RecordRecovery(recovery.asCompleted())),
                plan("", sight).actions());
    }

    @Test
    void whatWasCarriedOutIsNeverDoneTwice() {
        var recovery = decided(plan(ACCEPT, lost())).asCompleted();
        var plan = plan(ACCEPT, recorded(lost(), recovery));
        assertEquals(List.of(), plan.actions());
        assertTrue(plan.waits().stream().noneMatch(Plan.Wait::refused), plan.toString());
    }

    @Test
    void theSameDecisionIsTheSameRequestAndAnotherIsNot() {
        var one = decided(plan(ACCEPT, lost())).requestId();
        assertEquals(one, decided(plan(ACCEPT, lost())).requestId());
        var further = new RecoveryOffer.Possible(UID, HISTORY, 8_192, List.of());
        var other = decided(plan(accept(UID, 8_192), lost().offers(further))).requestId();
        assertTrue(!one.equals(other), one);
    }

    @ParameterizedTest
    @ValueSource(strings = {"FOLLOWER", "CANDIDATE", "LEADER_OPENING"})
    void refusedWhileAMajorityLives(State state) {
        var sight = lost().addReplica(Sight.with(other(), state));
        refuses("MajorityLives", plan(ACCEPT, sight));
        refuses("MajorityLives", plan(SHOW, sight));
    }

    @Test
    void refusedWhileALeaderIsThere() {
        refuses("MajorityLives", plan(ACCEPT, Sight.healthy(3)));
    }

    // Voters 0, 1, 2 became 0 to 4; node 0 was away and holds the configuration before.

    private static Sight grown() {
        var sight = Sight.healthy(5)
                .offers(OFFER)
                .replica(0, it -> altered(it, "voters", VOTERS))
                .end(0, 3, 4_096);
        for (var node = 0; node < 5; node++) {
            sight.replica(node, it -> Sight.with(it, State.CANDIDATE));
        }
        return sight;
    }

    /// 3 and 4 count node 0 and each other: three of five, whatever node 0 counts.
    @Test
    void refusedWhileAMajorityLivesThatTheSurvivorHasNotHeardOf() {
        var sight = grown();
        for (var node = 1; node < 5; node++) {
            sight = node < 3 ? sight.addReplica(emptied(node)) : sight.end(node, 3, 8_192);
        }
        refuses("MajorityLives", plan("replicas: 5\n" + ACCEPT, sight));
        // Nor does it take the survivor.
        var without =
                grown().addReplica(emptied(1)).end(2, 3, 8_192).end(3, 3, 8_192).end(4, 3, 8_192);
        refuses("MajorityLives", plan("replicas: 5\n" + ACCEPT, without));
        refuses("MajorityLives", plan("replicas: 5\n" + ACCEPT, without.silent(0)));
    }

    /// Node 0 counts 1, but the log that it would adopt counts two of five: nobody is ever elected.
    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void neededWhereTheMajorityIsOneOfAnOlderConfiguration(int from) {
        var sight = grown().end(1, 3, 8_192);
        for (var node = 2; node < 5; node++) {
            sight.addReplica(emptied(node));
        }
        var plan = plan("replicas: 5\n" + ACCEPT.replace("from: 0", "from: " + from), sight);
        assertEquals(from, decided(plan).from());
    }

    /// 3 learns, and has not come to the entry that made 4 a voter: nobody elects it, whomever it counts.
    @Test
    void whatALearnerStillTakesForTheVotersIsNoMajority() {
        var four = Map.of(0, storage(0), 1, storage(1), 2, storage(2), 4, storage(4));
        var sight = Sight.healthy(5)
                .ledBy(0, four, Set.of(3))
                .offers(OFFER)
                .end(0, 2, 4_096)
                .end(1, 2, 4_096);
        for (var node = 0; node < 2; node++) {
            sight.replica(node, it -> Sight.with(it, State.CANDIDATE));
        }
        sight.addReplica(Sight.replica(3, State.LEARNER, UID, VOTERS, Set.of(3), Map.of(), 0, null))
                .addReplica(emptied(2))
                .addReplica(emptied(4));
        assertEquals(0, decided(plan("replicas: 5\n" + ACCEPT, sight)).from());
    }

    /// Which log would be adopted is not known: then nothing is forced.
    @Test
    void refusedWhileOneThatMayBeElectedHasNotSaidWhereItsLogEnds() {
        var sight = grown();
        for (var node = 2; node < 5; node++) {
            sight.addReplica(emptied(node));
        }
        refuses("MajorityLives", plan("replicas: 5\n" + ACCEPT, sight));
    }

    /// A leader appended it, with a higher number, and died; a later leader of the voters before has gone on. It goes
    /// with the log that it ends: that of an older epoch, which nobody adopts.
    @Test
    void aConfigurationThatNoMajorityHadDecidesNothing() {
        var four = Map.of(0, storage(0), 1, storage(1), 2, storage(2), 3, storage(3));
        var sight = lost().addReplica(Sight.with(other(), State.CANDIDATE))
                .replica(0, it -> altered(altered(it, "voters", four), "configId", 12L))
                .set(new PodSet(4, Sight.OLD, Sight.OLD, false, ""))
                .addPod(3)
                .addReplica(emptied(3))
                .end(0, 5, 9_000)
                .end(1, 6, 8_000);
        refuses("MajorityLives", plan(ACCEPT, sight));
    }

    /// They do not hear each other: each is a minority of its own.
    @Test
    void twoHistoriesAreNoMajority() {
        var sight = lost().addReplica(altered(Sight.with(other(), State.CANDIDATE), "historyId", NEW_HISTORY));
        assertEquals(0, decided(plan(ACCEPT, sight)).from());
    }

    /// It was named in the bootstrap, and is told of it by who asks for its vote.
    @Test
    void whoWasNamedAndHasNotHeardOfItVotes() {
        var named = altered(emptied(1), "storageId", storage(1));
        refuses("MajorityLives", plan(ACCEPT, lost().addReplica(named)));
    }

    @ParameterizedTest
    @EnumSource(
            value = Integrity.class,
            names = {"SUSPECT", "EVICTED"})
    void whoCannotVoteIsNoPartOfAMajority(Integrity integrity) {
        var plan = plan(ACCEPT, lost().addReplica(altered(other(), "integrity", integrity)));
        assertEquals(2, plan.actions().size(), plan.toString());
    }

    @Test
    void refusedForAnotherClusterOrAnotherEnd() {
        refuses("RecoveryMismatch", plan(accept("00000000-0000-4000-8000-00000000000f", 4_096), lost()));
        refuses("RecoveryMismatch", plan(accept(UID, 4_095), lost()));
    }

    @Test
    void refusedWhileOneThatIsGivenUpMayRunUnseen() {
        refuses("VoterUnaccounted", plan(ACCEPT, lost().silent(1)));
    }

    /// Both nodes came back, and their replicas read their logs: all that was acknowledged is there.
    @ParameterizedTest
    @EnumSource(
            value = State.class,
            names = {"RECOVERING", "FAILED", "UNKNOWN"})
    void refusedWhileOneThatIsGivenUpHasNotReadItsLog(State state) {
        var both = lost().addReplica(Sight.unopened(1, state)).addReplica(Sight.unopened(2, state));
        refuses("VoterUnaccounted", plan(ACCEPT, both));
        refuses("VoterUnaccounted", plan(SHOW, both));
        refuses("VoterUnaccounted", plan(ACCEPT, lost().addReplica(Sight.unopened(2, state))));
    }

    @Test
    void refusedWhileOneThatIsGivenUpFailsAndMayStartAgain() {
        refuses("VoterUnaccounted", plan(ACCEPT, lost().addReplica(Sight.with(other(), State.FAILED))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"CrashLoopBackOff", "ContainerCreating", "PodInitializing"})
    void refusedWhileThePodOfOneThatIsGivenUpComesBack(String waitingFor) {
        refuses("VoterUnaccounted", plan(ACCEPT, lost().silent(1).pod(1, pod -> Sight.waiting(pod, waitingFor))));
    }

    @Test
    void refusedWhileThePodOfOneThatIsGivenUpIsMade() {
        refuses("VoterUnaccounted", plan(ACCEPT, lost().silent(1).pod(1, pod -> Sight.waiting(pod, null))));
        refuses("VoterUnaccounted", plan(ACCEPT, lost().silent(1).noPod(1)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"Unschedulable", "ImagePullBackOff", "CreateContainerConfigError"})
    void whatCannotStartIsAccountedFor(String waitingFor) {
        var plan = plan(ACCEPT, lost().silent(1).pod(1, pod -> Sight.waiting(pod, waitingFor)));
        assertEquals(2, plan.actions().size(), plan.toString());
    }

    /// One replica alone has heard of it: the operator was away when it became a voter.
    @Test
    void refusedWhileAVoterThatOnlyAnotherKnowsIsUnseen() {
        var four = Map.of(0, storage(0), 1, storage(1), 2, storage(2), 3, storage(3));
        var sight = lost().addReplica(altered(altered(other(), "voters", four), "integrity", Integrity.SUSPECT))
                .set(new PodSet(4, Sight.OLD, Sight.OLD, false, ""))
                .addPod(3);
        assertTrue(
                plan(ACCEPT, sight).waits().stream()
                        .anyMatch(it -> it.reason().equals("VoterUnaccounted")
                                && it.message().startsWith("orders-3 ")),
                plan(ACCEPT, sight).toString());
    }

    /// The replica that goes on is behind, also in who votes.
    @Test
    void refusedWhileAVoterThatTheSurvivorDoesNotKnowIsUnseen() {
        var sight = lost().recorded(new Recorded(UID, VOTERS, true, Set.of(0, 1, 2, 3)))
                .set(new PodSet(4, Sight.OLD, Sight.OLD, false, ""))
                .addPod(3);
        assertTrue(
                plan(ACCEPT, sight).waits().stream().anyMatch(it -> it.reason().equals("VoterUnaccounted")),
                plan(ACCEPT, sight).toString());
    }

    @Test
    void theReplicasOwnRefusalIsTold() {
        var plan = plan(ACCEPT, lost().offers(new RecoveryOffer.Refused("it cuts its log")));
        refuses("RecoveryRefused", plan);
        assertTrue(plan.waits().getFirst().message().contains("it cuts its log"), plan.toString());
    }

    @Test
    void waitsForTheReplicaThatGoesOn() {
        var sight = lost().offers(null).silent(0).pod(0, pod -> Sight.waiting(pod, "CrashLoopBackOff"));
        var plan = plan(ACCEPT, sight);
        assertEquals(
                List.of(),
                plan.actions().stream()
                        .filter(Action.ForceRecovery.class::isInstance)
                        .toList());
    }

    /// It was asked for its status before it had read its log, and for the plan after.
    @Test
    void waitsForTheReplicaThatGoesOnToReadItsLog() {
        var plan = plan(ACCEPT, lost().addReplica(Sight.unopened(0, State.RECOVERING)));
        assertEquals(List.of(), plan.actions());
        assertTrue(plan.waits().stream().anyMatch(it -> it.reason().equals("WaitingForReplicas")), plan.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"lifecycle: Hibernated", "management: Paused"})
    void neverBehindTheBackOfOneThatIsAtRest(String rest) {
        var plan = plan(rest + "\n" + ACCEPT, lost());
        assertTrue(plan.actions().stream().noneMatch(Action.ForceRecovery.class::isInstance), plan.toString());
    }

    @Test
    void aVolumeThatWasGivenUpMustBeEmptiedBeforeItJoins() {
        var alone = Map.of(0, storage(0));
        var sight =
                Sight.healthy(3).ledBy(0, alone, Set.of()).addReplica(altered(other(), "integrity", Integrity.EVICTED));
        var plan = plan("", sight);
        assertTrue(
                plan.waits().stream().anyMatch(it -> it.refused() && it.reason().equals("VolumeGivenUp")),
                plan.toString());
    }
}
