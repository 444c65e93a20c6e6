package io.taffrail.operator.plan;

import static io.taffrail.operator.Altered.altered;
import static io.taffrail.operator.plan.Sight.NEW;
import static io.taffrail.operator.plan.Sight.NOW;
import static io.taffrail.operator.plan.Sight.OLD;
import static io.taffrail.operator.plan.Sight.UID;
import static io.taffrail.operator.plan.Sight.spec;
import static io.taffrail.operator.plan.Sight.storage;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.operator.observe.ObservedCluster.Pod;
import io.taffrail.operator.observe.ObservedCluster.PodSet;
import io.taffrail.operator.observe.ObservedCluster.Recorded;
import io.taffrail.operator.observe.ObservedReplica;
import io.taffrail.operator.observe.ObservedReplica.Follower;
import io.taffrail.operator.observe.ObservedReplica.Integrity;
import io.taffrail.operator.observe.ObservedReplica.State;
import io.taffrail.operator.observe.SettingsValues;
import io.taffrail.operator.plan.Action.VoterStep;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ClusterPlannerTest {
    private static final Duration SETTLE = Duration.ofSeconds(30);
    private static final Follower BEHIND = new Follower(false, true, 50_000_000, 10, Integrity.INTACT);

    private static Plan plan(String spec, Sight sight) {
        return new ClusterPlanner(SETTLE).plan(spec(spec), sight.seen(), NOW);
    }

    private static void refuses(String reason, Plan plan) {
        assertEquals(
                List.of(reason),
                plan.waits().stream()
                        .filter(Plan.Wait::refused)
                        .map(Plan.Wait::reason)
                        .toList());
    }

    private static void refusesNothing(Plan plan) {
        assertEquals(List.of(), plan.waits().stream().filter(Plan.Wait::refused).toList());
    }

    private static void waits(String reason, Plan plan) {
        assertEquals(
                List.of(reason), plan.waits().stream().map(Plan.Wait::reason).toList());
    }

    @Test
    void changesNothingInAHealthyCluster() {
        assertEquals(new Plan(List.of(), List.of(), List.of()), plan("", Sight.healthy(3)));
    }

    @Test
    void createsWhatIsMissingAndWaits() {
        var plan = plan("", Sight.empty().outdated("ConfigMap/orders-config").outdated("StatefulSet/orders"));
        assertEquals(
                List.of(
                        new Action.ApplyResource("ConfigMap/orders-config"),
                        new Action.ApplyResource("StatefulSet/orders")),
                plan.actions());
        waits("WaitingForReplicas", plan);
    }

    @Test
    void doesNothingWhilePaused() {
        var plan = plan(
                "management: Paused",
                Sight.healthy(3).outdated("Service/orders").newTemplate());
        assertEquals(List.of(), plan.actions());
        waits("Paused", plan);
        assertFalse(plan.underWay());
    }

    /// What others made under the cluster's names is neither changed nor worked with.
    @Test
    void takesNothingOverThatIsSomebodyElses() {
        var sight = Sight.healthy(3)
                .newTemplate()
                .outdated("StatefulSet/orders")
                .strange("StatefulSet/orders")
                .strange("ConfigMap/orders-config");
        var plan = plan("commitMode: Async", sight);
        assertEquals(List.of(), plan.actions());
        refuses("NameTaken", plan);
        assertTrue(
                plan.waits().getFirst().message().contains("StatefulSet/orders, ConfigMap/orders-config"),
                plan.toString());
    }

    // Bootstrap

    private static final Map<Integer, String> THREE = Map.of(0, storage(0), 1, storage(1), 2, storage(2));

    @Test
    void recordsTheIntentionBeforeAnyReplicaHearsOfIt() {
        var plan = plan("", Sight.waiting(3));
        assertEquals(
                List.of(
                        new Action.RecordBootstrap(UID, THREE, false),
                        new Action.Bootstrap(0, UID, THREE),
                        new Action.Bootstrap(1, UID, THREE),
                        new Action.Bootstrap(2, UID, THREE)),
                plan.actions());
    }

    @Test
    void bootstrapsOnlyWhenEveryReplicaHasAnswered() {
        waits("WaitingForReplicas", plan("", Sight.waiting(3).silent(1)));
        assertEquals(List.of(), plan("", Sight.waiting(3).silent(1)).actions());
    }

    /// Three replicas were deleted and their volumes retained; one is made again, and pod 0 has a new volume.
    @Test
    void beginsNoLogBesideOneThatWasRetained() {
        var one = plan("replicas: 1", Sight.waiting(1).retaining(1).retaining(2));
        assertEquals(List.of(), one.actions());
        refuses("ClaimsRetained", one);
        assertTrue(one.waits().getFirst().message().contains("data-orders-1, data-orders-2"), one.toString());

        // With a pod each they say themselves what is on them.
        var three = plan("", Sight.waiting(3).retaining(1).retaining(2));
        assertEquals(
                new Action.RecordBootstrap(UID, THREE, false), three.actions().getFirst());
        var edited = plan("replicas: 1", Sight.waiting(1).claim(1, 1 << 30, false));
        assertEquals(
                new Action.RecordBootstrap(UID, Map.of(0, storage(0)), false),
                edited.actions().getFirst());
    }

    @Test
    void repeatsAnInterruptedBootstrapWithTheRecordedVoters() {
        var sight = Sight.waiting(3)
                .recorded(new Recorded(UID, THREE, false, Set.of()))
                .addReplica(Sight.replica(0, State.CANDIDATE, UID, THREE, Set.of(), Map.of(), 0, null));
        assertEquals(
                List.of(new Action.Bootstrap(1, UID, THREE), new Action.Bootstrap(2, UID, THREE)),
                plan("", sight).actions());
    }

    @Test
    void startsThePodsThatTheBootstrapWaitsFor() {
        var edited = plan("replicas: 5", Sight.waiting(3));
        assertEquals(List.of(new Action.ScalePods(5)), edited.actions());
        waits("WaitingForReplicas", edited);
        var five = Map.of(0, storage(0), 1, storage(1), 2, storage(2), 3, storage(3), 4, storage(4));
        var scaledByHand = plan("", Sight.waiting(3).recorded(new Recorded(UID, five, false, Set.of())));
        assertEquals(new Action.ScalePods(5), scaledByHand.actions().getLast());
    }

    @Test
    void recordsOtherVolumesWhileNoReplicaKnowsTheCluster() {
        var before = Map.of(0, storage(0), 1, storage(9), 2, storage(2));
        var plan = plan("", Sight.waiting(3).recorded(new Recorded(UID, before, false, Set.of())));
        assertEquals(
                new Action.RecordBootstrap(UID, THREE, false), plan.actions().getFirst());
    }

    @Test
    void refusesToFinishABootstrapOverAReplacedVolume() {
        var before = Map.of(0, storage(0), 1, storage(9), 2, storage(2));
        var sight = Sight.waiting(3)
                .recorded(new Recorded(UID, before, false, Set.of()))
                .addReplica(Sight.replica(0, State.CANDIDATE, UID, before, Set.of(), Map.of(), 0, null));
        var plan = plan("", sight);
        assertEquals(List.of(), plan.actions());
        refuses("VolumeReplaced", plan);
    }

    @Test
    void neverBootstrapsAClusterAgainWhoseVolumesAreAllEmpty() {
        var plan = plan("", Sight.waiting(3).recorded(new Recorded(UID, THREE, true, THREE.keySet())));
        assertEquals(List.of(), plan.actions());
        refuses("DataMissing", plan);
    }

    /// Every pod starts at once: after hibernation, a power cut, or where there is one.
    @ParameterizedTest
    @EnumSource(
            value = State.class,
            names = {"RECOVERING", "FAILED"})
    void takesNoVolumeForEmptyWhoseLogWasNotRead(State state) {
        for (var replicas : List.of(1, 3)) {
            var sight = Sight.healthy(replicas);
            for (var node = 0; node < replicas; node++) {
                sight.addReplica(Sight.unopened(node, state));
            }
            var plan = plan("replicas: " + replicas, sight);
            assertEquals(List.of(), plan.actions());
            waits("NoLeader", plan);
        }
        var partly = Sight.waiting(3)
                .recorded(new Recorded(UID, THREE, true, THREE.keySet()))
                .addReplica(Sight.unopened(1, state));
        waits("NoLeader", plan("", partly));
    }

    @Test
    void takesNoVolumeForReplacedWhoseLogWasNotRead() {
        var sight = Sight.waiting(3)
                .recorded(new Recorded(UID, THREE, false, Set.of()))
                .addReplica(Sight.replica(0, State.CANDIDATE, UID, THREE, Set.of(), Map.of(), 0, null))
                .addReplica(Sight.unopened(1, State.RECOVERING));
        var plan = plan("", sight);
        assertEquals(List.of(new Action.Bootstrap(2, UID, THREE)), plan.actions());
        refusesNothing(plan);
    }

    /// Whether somebody knows the cluster is not known before all have read their logs.
    @Test
    void waitsForEveryLogBeforeOtherVolumesAreRecordedOrRefused() {
        var before = Map.of(0, storage(0), 1, storage(9), 2, storage(2));
        var plan = plan(
                "",
                Sight.waiting(3)
                        .recorded(new Recorded(UID, before, false, Set.of()))
                        .addReplica(Sight.unopened(2, State.RECOVERING)));
        assertEquals(List.of(), plan.actions());
        waits("WaitingForReplicas", plan);
    }

    @Test
    void adoptsRetainedVolumesByWhatHasReadItsLog() {
        var plan =
                plan("", Sight.healthy(3).recorded(Recorded.NOTHING).addReplica(Sight.unopened(2, State.RECOVERING)));
        assertEquals(
                new Action.RecordBootstrap(UID, Map.of(0, storage(0), 1, storage(1)), true),
                plan.actions().getFirst());
    }

    @Test
    void recordsThatTheBootstrapIsDoneWhenALeaderIsSeen() {
        var plan = plan("", Sight.healthy(3).recorded(new Recorded(UID, THREE, false, Set.of())));
        assertEquals(List.of(new Action.RecordBootstrap(UID, THREE, true)), plan.actions());
    }

    @Test
    void adoptsTheClusterThatRetainedVolumesHold() {
        var plan = plan("", Sight.healthy(3).recorded(Recorded.NOTHING));
        assertEquals(List.of(new Action.RecordBootstrap(UID, THREE, true)), plan.actions());
    }

    @Test
    void refusesVolumesOfTwoClusters() {
        var other = "7b1c0000-0000-4000-8000-000000000002";
        var sight = Sight.healthy(3)
                .recorded(Recorded.NOTHING)
                .addReplica(Sight.replica(2, State.FOLLOWER, other, THREE, Set.of(), Map.of(), 0, null));
        var plan = plan("", sight);
        assertEquals(List.of(), plan.actions());
        refuses("ClusterIdConflict", plan);
        refuses("ForeignReplica", plan("", sight.recorded(new Recorded(UID, THREE, true, THREE.keySet()))));
    }

    // Settings

    @Test
    void bringsChangedSettingsToEveryReplicaWithoutARestart() {
        var spec = "writerDelay: 50ms\ncommitMode: Async";
        var wanted = SettingsValues.of(spec(spec));
        assertEquals(50_000, wanted.writerDelayMicros());
        var plan = plan(spec, Sight.healthy(3));
        assertEquals(
                List.of(0, 1, 2),
                plan.actions().stream()
                        .map(Action.ApplySettings.class::cast)
                        .map(Action.ApplySettings::nodeId)
                        .toList());
        assertEquals(new Action.ApplySettings(0, 8, wanted), plan.actions().getFirst());
    }

    @Test
    void leavesSettingsToReplicasThatCannotHearThem() {
        var sight = Sight.healthy(3).replica(1, replica -> Sight.with(replica, State.RECOVERING));
        var nodes = plan("commitMode: Async", sight).actions().stream()
                .map(Action.ApplySettings.class::cast)
                .map(Action.ApplySettings::nodeId)
                .toList();
        assertEquals(List.of(0, 2), nodes);
    }

    // Rolling restart

    @Test
    void restartsTheHighestFollowerFirst() {
        var plan = plan("", Sight.healthy(3).newTemplate());
        assertEquals(List.of(new Action.RestartPod("orders-2", "uid-2", "its template changed")), plan.actions());
    }

    @Test
    void restartsNobodyBeforeTheLastOneIsBackInSync() {
        var sight = Sight.healthy(3)
                .newTemplate()
                .pod(2, Sight::restarted)
                .replica(0, leader -> Sight.follower(leader, 2, BEHIND));
        assertEquals(List.of(), plan("", sight).actions());
        waits("ReplicaNotInSync", plan("", sight));
    }

    /// With a volume that was replaced two of three vote: without one of them nobody would lead.
    @Test
    void restartsNoneOfTwoVotersWhileTheThirdIsToCome() {
        var two = Map.of(0, storage(0), 1, storage(1));
        var copying = Sight.healthy(3)
                .newTemplate()
                .ledBy(0, two, Set.of(2))
                .replica(0, leader -> Sight.follower(leader, 2, BEHIND));
        assertEquals(
                List.of(new Action.RestartPod("orders-2", "uid-2", "its template changed")),
                plan("", copying).actions());
        copying.pod(2, Sight::restarted);
        assertEquals(List.of(), plan("", copying).actions());
        assertEquals(
                List.of("LearnerCatchingUp", "ReplicaNotInSync"),
                plan("", copying).waits().stream().map(Plan.Wait::reason).toList());
    }

    @Test
    void restartsNobodyWhileAReplicaRecovers() {
        var sight = Sight.healthy(3).newTemplate().replica(1, replica -> Sight.with(replica, State.RECOVERING));
        assertEquals(List.of(), plan("", sight).actions());
        waits("ReplicaRecovering", plan("", sight));
    }

    @Test
    void restartsNoLearnerWhileItRecovers() {
        var voters = Map.of(0, storage(0), 1, storage(1));
        var sight = Sight.healthy(3)
                .ledBy(0, voters, Set.of(2))
                .newTemplate()
                .addReplica(Sight.unopened(2, State.RECOVERING));
        // Promoted in the same plan if it were close enough, so it is far behind.
        sight.replica(0, leader -> Sight.follower(leader, 2, BEHIND));
        var plan = plan("", sight);
        assertEquals(List.of(), plan.actions());
        assertTrue(plan.waits().stream().anyMatch(wait -> wait.reason().equals("ReplicaRecovering")), plan.toString());
    }

    @Test
    void restartsNobodyBeforeTheLastOneHasSettled() {
        var sight = Sight.healthy(3).newTemplate().pod(2, pod -> ready(Sight.restarted(pod), 29));
        waits("Settling", plan("", sight));
        assertEquals(List.of(), plan("", sight).actions());
        assertEquals(
                List.of(new Action.RestartPod("orders-1", "uid-1", "its template changed")),
                plan("", sight.pod(2, pod -> ready(pod, 30))).actions());
    }

    private static Pod ready(Pod pod, int seconds) {
        return altered(pod, "readySince", NOW.minusSeconds(seconds));
    }

    @Test
    void movesTheLeadershipAwayBeforeTheLeaderRestarts() {
        var sight = Sight.healthy(3).newTemplate().pod(1, Sight::restarted).pod(2, Sight::restarted);
        assertEquals(
                List.of(new Action.TransferLeadership(0, 1)), plan("", sight).actions());
    }

    @Test
    void restartsTheOldLeaderOnceAnotherLeads() {
        var sight = Sight.healthy(3).newTemplate().ledBy(1, THREE, Set.of());
        sight.pod(1, Sight::restarted).pod(2, Sight::restarted);
        assertEquals(
                List.of(new Action.RestartPod("orders-0", "uid-0", "its template changed")),
                plan("", sight).actions());
    }

    @Test
    void replacesAPodThatNeverStartedWithoutWaitingForIt() {
        var sight = Sight.healthy(3).newTemplate().silent(2).pod(2, pod -> Sight.waiting(pod, "ImagePullBackOff"));
        assertEquals(
                List.of(new Action.RestartPod("orders-2", "uid-2", "its container does not run: ImagePullBackOff")),
                plan("", sight).actions());
    }

    /// A version that was mistyped, or more memory asked for than a node has, and corrected before any pod ran.
    @ParameterizedTest
    @ValueSource(strings = {"ImagePullBackOff", "Unschedulable", "ContainerCreating", "CrashLoopBackOff"})
    void replacesPodsThatNeverStartedAlsoBeforeThereIsACluster(String waitingFor) {
        var sight = Sight.waiting(3).newTemplate();
        for (var node = 0; node < 3; node++) {
            sight.silent(node).pod(node, pod -> Sight.waiting(pod, waitingFor));
        }
        var plan = plan("", sight);
        assertEquals(
                List.of(new Action.RestartPod("orders-2", "uid-2", "its container does not run: " + waitingFor)),
                plan.actions());
        assertEquals("PodsOutdated", plan.pending().getFirst().reason());
        waits("WaitingForReplicas", plan);
        // Those that run wait for their turn, which comes when there is a cluster.
        assertEquals(
                List.of(), plan("", Sight.waiting(3).silent(1).newTemplate()).actions());
    }

    /// As one that mounts a Secret that does not exist: nothing says that it cannot start, and it has not started.
    @Test
    void replacesAPodWhoseContainerIsNotMadeWithoutWaitingForIt() {
        var sight = Sight.healthy(3)
                .newTemplate()
                .replica(0, leader -> Sight.follower(leader, 1, BEHIND))
                .pod(1, pod -> Sight.waiting(pod, "ContainerCreating"));
        // It has started since its pod was looked at.
        assertEquals(List.of(), plan("", sight).actions());
        assertEquals(
                List.of(new Action.RestartPod("orders-1", "uid-1", "its container does not run: ContainerCreating")),
                plan("", sight.silent(1)).actions());
    }

    @Test
    void stopsAfterTheFirstFollowerThatABrokenImageDoesNotStart() {
        var sight = Sight.healthy(3)
                .newTemplate()
                .silent(2)
                .replica(0, leader -> Sight.follower(leader, 2, BEHIND))
                .pod(2, pod -> Sight.waiting(altered(pod, "template", NEW), "ImagePullBackOff"));
        var plan = plan("", sight);
        assertEquals(List.of(), plan.actions());
        waits("ReplicaNotInSync", plan);
    }

    @Test
    void aNewerOperatorRestartsNoPodByItself() {
        var plan = plan("", Sight.healthy(3).set(new PodSet(3, OLD, NEW, false, "")));
        assertEquals(List.of(), plan.actions());
        assertEquals("OperatorChanged", plan.pending().getFirst().reason());
        assertTrue(plan.pending().getFirst().message().contains("taffrail.io/approved-template=" + NEW));
        // It may be so for months.
        assertFalse(plan.underWay());
    }

    @Test
    void appliesANewTemplateThatTheSpecOrAnApprovalAsksFor() {
        var asked = Sight.healthy(3).set(new PodSet(3, OLD, NEW, true, ""));
        assertEquals(List.of(new Action.ApplyTemplate(NEW)), plan("", asked).actions());
        var approved = Sight.healthy(3).set(new PodSet(3, OLD, NEW, false, NEW));
        assertEquals(List.of(new Action.ApplyTemplate(NEW)), plan("", approved).actions());
    }

    // Scale

    @Test
    void refusesAVersionOlderThanOneThatHasWritten() {
        var older = Sight.healthy(3).set(new PodSet(3, OLD, NEW, true, "")).written("0.2.0");
        refuses("DowngradeRefused", plan("version: 0.1.9", older));
        assertEquals(List.of(), plan("version: 0.1.9", older).actions());
        for (var allowed : List.of(
                "version: 0.2.0",
                "version: 0.10.0",
                "version: latest",
                "version: 0.1.9\nunsafe: {allowDowngrade: true}",
                "version: 0.1.9\nimage: here/server:7")) {
            assertEquals(
                    List.of(new Action.ApplyTemplate(NEW)),
                    plan(allowed, older).actions().stream()
                            .filter(Action.ApplyTemplate.class::isInstance)
                            .toList(),
                    allowed);
        }
    }

    /// Scaled by hand, and nobody leads: every voter is needed, also one that the spec no longer wants.
    @Test
    void startsEveryVoterWhereNobodyLeads() {
        var five = Sight.healthy(5).set(new PodSet(2, OLD, OLD, false, ""));
        for (var node = 0; node < 5; node++) {
            five.silent(node);
        }
        assertEquals(List.of(new Action.ScalePods(5)), plan("replicas: 3", five).actions());
    }

    /// The LogCluster was created again over retained volumes, and asks for fewer than vote: they are removed by a
    /// leader, and one of three elects none.
    @Test
    void startsEveryVoterThatOnlyTheLogsRemember() {
        var sight = Sight.healthy(3)
                .recorded(new Recorded(UID, THREE, true, Set.of()))
                .set(new PodSet(1, OLD, OLD, false, ""))
                .replica(0, replica -> Sight.with(replica, State.CANDIDATE));
        for (var node = 1; node < 3; node++) {
            sight.silent(node).noPod(node);
        }
        assertEquals(
                List.of(new Action.ScalePods(3)), plan("replicas: 1", sight).actions());
        // What was given up, or belongs to another cluster, does not count.
        for (var out : List.of(
                altered(Sight.with(voter(), State.FOLLOWER), "integrity", Integrity.EVICTED),
                altered(voter(), "clusterId", "7b1c0000-0000-4000-8000-000000000002"))) {
            assertTrue(
                    plan("replicas: 1", sight.addReplica(out)).actions().stream()
                            .noneMatch(Action.ScalePods.class::isInstance),
                    out.toString());
        }
    }

    private static ObservedReplica voter() {
        return Objects.requireNonNull(Sight.healthy(3).seen().replicas().get(0));
    }

    @Test
    void addsPodsThenLearnersThenVoters() {
        assertEquals(
                List.of(new Action.ScalePods(5)),
                plan("replicas: 5", Sight.healthy(3)).actions());

        var started = joining();
        assertEquals(
                List.of(new Action.ChangeVoters(0, 11, new VoterStep.AddLearner(3, storage(3)))),
                plan("replicas: 5", started).actions());

        started.ledBy(0, THREE, Set.of(3, 4))
                .replica(0, leader -> Sight.follower(Sight.follower(leader, 3, BEHIND), 4, BEHIND));
        assertEquals(List.of(), plan("replicas: 5", started).actions());
        assertEquals(
                List.of("LearnerCatchingUp", "LearnerCatchingUp"),
                plan("replicas: 5", started).waits().stream()
                        .map(Plan.Wait::reason)
                        .toList());

        started.ledBy(0, THREE, Set.of(3, 4));
        assertEquals(
                List.of(new Action.ChangeVoters(0, 11, new VoterStep.Promote(3))),
                plan("replicas: 5", started).actions());
    }

    /// Three voters, and pods 3 and 4 that run replicas of no cluster.
    private static Sight joining() {
        var sight = Sight.healthy(3).set(new PodSet(5, OLD, OLD, false, ""));
        for (var node = 3; node < 5; node++) {
            sight.addPod(node).pod(node, pod -> altered(pod, "roleLabel", "follower"));
            sight.addReplica(Sight.replica(node, State.UNINITIALIZED, null, Map.of(), Set.of(), Map.of(), 0, null));
        }
        return sight;
    }

    @ParameterizedTest
    @EnumSource(
            value = State.class,
            names = {"RECOVERING", "FAILED"})
    void letsNobodyJoinWhoseVolumeIsNotKnownYet(State state) {
        var plan = plan(
                "replicas: 5", joining().addReplica(Sight.unopened(3, state)).addReplica(Sight.unopened(4, state)));
        assertEquals(List.of(), plan.actions());
        assertEquals(
                List.of("WaitingForReplicas", "WaitingForReplicas"),
                plan.waits().stream().map(Plan.Wait::reason).toList());
    }

    @Test
    void oneThatCannotJoinKeepsNobodyElseOut() {
        var four = List.of(new Action.ChangeVoters(0, 11, new VoterStep.AddLearner(4, storage(4))));
        assertEquals(four, plan("replicas: 5", joining().silent(3)).actions());
        assertEquals(
                four,
                plan("replicas: 5", joining().addReplica(Sight.unopened(3, State.RECOVERING)))
                        .actions());
        var givenUp = joining().replica(3, it -> altered(it, "integrity", Integrity.EVICTED));
        assertEquals(four, plan("replicas: 5", givenUp).actions());
        refuses("VolumeGivenUp", plan("replicas: 5", givenUp));

        var copying = joining().ledBy(0, THREE, Set.of(3)).replica(0, leader -> Sight.follower(leader, 3, BEHIND));
        assertEquals(four, plan("replicas: 5", copying).actions());
        copying.ledBy(0, THREE, Set.of(3, 4)).replica(0, leader -> Sight.follower(leader, 3, BEHIND));
        assertEquals(
                List.of(new Action.ChangeVoters(0, 11, new VoterStep.Promote(4))),
                plan("replicas: 5", copying).actions());
    }

    @Test
    void removesTheVoterBeforeItsPod() {
        var five = Sight.healthy(5);
        assertEquals(
                List.of(new Action.ChangeVoters(0, 11, new VoterStep.RemoveVoter(4))),
                plan("replicas: 3", five).actions());

        var removed = Sight.healthy(5);
        removed.ledBy(0, THREE, Set.of());
        assertEquals(
                List.of(new Action.ScalePods(3)), plan("replicas: 3", removed).actions());
    }

    @Test
    void handsOverBeforeALeadingReplicaIsRemoved() {
        var all = Map.of(0, storage(0), 1, storage(1), 2, storage(2), 3, storage(3), 4, storage(4));
        var five = Sight.healthy(5).ledBy(4, all, Set.of());
        assertEquals(
                List.of(new Action.TransferLeadership(4, 0)),
                plan("replicas: 3", five).actions());
    }

    @Test
    void refusesARemovalThatWouldLoseTheQuorum() {
        var five = Sight.healthy(5);
        for (var node = 1; node <= 3; node++) {
            var behind = node;
            five.replica(0, leader -> Sight.follower(leader, behind, BEHIND));
        }
        var plan = plan("replicas: 3", five);
        assertEquals(List.of(), plan.actions());
        refuses("RemovalUnsafe", plan);
    }

    @Test
    void neitherRemovesVotersNorPodsWithoutALeader() {
        var five = Sight.healthy(5).replica(0, replica -> Sight.with(replica, State.CANDIDATE));
        var plan = plan("replicas: 3", five);
        assertEquals(List.of(), plan.actions());
        waits("NoLeader", plan);
    }

    @Test
    void aReplacedVolumeLeavesTheVotersAndJoinsAgain() {
        var moved = Map.of(0, storage(0), 1, storage(1), 2, storage(9));
        var sight = Sight.healthy(3).ledBy(0, moved, Set.of());
        sight.addReplica(Sight.replica(2, State.UNINITIALIZED, null, Map.of(), Set.of(), Map.of(), 0, null));
        assertEquals(
                List.of(new Action.ChangeVoters(0, 11, new VoterStep.RemoveVoter(2))),
                plan("", sight).actions());

        sight.ledBy(0, Map.of(0, storage(0), 1, storage(1)), Set.of());
        sight.addReplica(Sight.replica(2, State.UNINITIALIZED, null, Map.of(), Set.of(), Map.of(), 0, null));
        assertEquals(
                List.of(new Action.ChangeVoters(0, 11, new VoterStep.AddLearner(2, storage(2)))),
                plan("", sight).actions());
    }

    @Test
    void aLearnerWhoseVolumeWasReplacedBeginsAgain() {
        var two = Map.of(0, storage(0), 1, storage(1));
        var sight = Sight.healthy(3).ledBy(0, two, Set.of(2));
        sight.addReplica(Sight.replica(2, State.UNINITIALIZED, null, Map.of(), Set.of(), Map.of(), 0, null));
        sight.replica(0, leader -> altered(leader, "learners", Map.of(2, storage(9))));
        assertEquals(
                List.of(new Action.ChangeVoters(0, 11, new VoterStep.RemoveLearner(2))),
                plan("", sight).actions());
    }

    // Storage, hibernation, labels

    @Test
    void growsVolumesFirstAlsoWhenNoReplicaAnswers() {
        var sight = Sight.healthy(3).claim(0, 1 << 30, false).claim(1, 512 << 20, false);
        for (var node = 0; node < 3; node++) {
            sight.silent(node);
        }
        assertEquals(
                new Action.GrowClaim("data-orders-1", 1 << 30),
                plan("", sight).actions().getFirst());
        assertEquals(1, plan("", sight).actions().size());
    }

    @Test
    void ownsVolumesOnlyWhereDeletionIsAskedFor() {
        var sight = Sight.healthy(1).claim(0, 1 << 30, false);
        var delete = "replicas: 1\nstorage: {size: 1Gi, reclaimPolicy: Delete}";
        assertEquals(
                List.of(new Action.OwnClaim("data-orders-0", true)),
                plan(delete, sight).actions());
        assertEquals(List.of(), plan("replicas: 1", sight).actions());
    }

    /// Else it would be gone with a LogCluster that is paused, or whose name is taken, and then deleted.
    @Test
    void releasesVolumesThatAreToBeRetainedAlsoWhereNothingElseIsChanged() {
        var release = List.of(new Action.OwnClaim("data-orders-0", false));
        var sight = Sight.healthy(1).claim(0, 1 << 29, true).newTemplate();
        var paused = plan("management: Paused", sight);
        assertEquals(release, paused.actions());
        waits("Paused", paused);
        var delete = "management: Paused\nstorage: {size: 1Gi, reclaimPolicy: Delete}";
        assertEquals(List.of(), plan(delete, sight).actions());
        assertEquals(
                List.of(),
                plan(delete, Sight.healthy(1).claim(0, 1 << 30, false)).actions());
        var taken = plan("", sight.strange("Service/orders"));
        assertEquals(release, taken.actions());
        refuses("NameTaken", taken);
    }

    /// Whose log is on them is not known before a replica has said so.
    @Test
    void ownsNoRetainedVolumeOfALogThatItDoesNotKnow() {
        var delete = "replicas: 1\nstorage: {size: 1Gi, reclaimPolicy: Delete}";
        var beside = plan(delete, Sight.waiting(1).retaining(1));
        assertEquals(List.of(), beside.actions());
        refuses("ClaimsRetained", beside);
        var taken = plan(delete, Sight.waiting(1).retaining(0).strange("Service/orders"));
        assertEquals(List.of(), taken.actions());
        assertEquals(
                List.of(new Action.OwnClaim("data-orders-0", true)),
                plan(delete, Sight.healthy(1).retaining(0)).actions());
    }

    @Test
    void hibernatesToNoPodsAndWakesWithEveryVoter() {
        assertEquals(
                List.of(new Action.ScalePods(0)),
                plan("lifecycle: Hibernated", Sight.healthy(3)).actions());
        var asleep = Sight.empty()
                .recorded(new Recorded(UID, THREE, true, Set.of(0, 1, 2, 3, 4)))
                .set(new PodSet(0, OLD, OLD, false, ""));
        assertEquals(List.of(), plan("lifecycle: Hibernated", asleep).actions());
        // The spec asks for three by now; five voted, and three of five must be there to remove two.
        assertEquals(
                List.of(new Action.ScalePods(5)), plan("replicas: 3", asleep).actions());
    }

    /// All claims were deleted by mistake, and each stays as long as its pod.
    @Test
    void endsNoPodWhoseVolumeGoesWithItUnlessOthersHaveTheLog() {
        var hibernated = plan("lifecycle: Hibernated", Sight.healthy(3).losing(1));
        assertEquals(List.of(), hibernated.actions());
        refuses("ClaimTerminating", hibernated);

        var alone = plan("replicas: 1", Sight.healthy(1).newTemplate().losing(0));
        assertEquals(List.of(), alone.actions());
        refuses("ClaimTerminating", alone);

        var broken = Sight.healthy(3)
                .newTemplate()
                .losing(2)
                .silent(2)
                .replica(0, leader -> Sight.follower(leader, 2, BEHIND))
                .pod(2, pod -> Sight.waiting(pod, "CrashLoopBackOff"));
        assertEquals(List.of(), plan("", broken).actions());
        assertEquals(List.of(), plan(TLS, Sight.healthy(1).losing(0)).actions());

        // Its turn comes when all have the log, and it joins with a new volume.
        assertEquals(
                List.of(new Action.RestartPod("orders-2", "uid-2", "its template changed")),
                plan("", Sight.healthy(3).newTemplate().losing(2)).actions());
        // Until that one votes again the others keep theirs: two voters are no majority without one of them.
        var two = Map.of(0, storage(0), 1, storage(1));
        var copying = Sight.healthy(3).newTemplate().ledBy(0, two, Set.of(2)).losing(1);
        assertEquals(
                List.of(),
                plan("", copying).actions().stream()
                        .filter(Action.RestartPod.class::isInstance)
                        .toList());
        var pair = Sight.healthy(2).newTemplate().losing(1);
        assertEquals(
                List.of(),
                plan("replicas: 2\nunsafe: {allowTwoReplicas: true}", pair).actions().stream()
                        .filter(Action.RestartPod.class::isInstance)
                        .toList());
        // It went, and its pod ends: nothing more is lost.
        var gone = Sight.healthy(3).losing(1).pod(1, pod -> altered(pod, "terminating", true));
        assertEquals(
                List.of(new Action.ScalePods(0)),
                plan("lifecycle: Hibernated", gone).actions());
    }

    // TLS that came or went while the cluster was hibernated

    private static final String TLS = "tls: {secretName: orders-tls}";

    /// Woken before the hibernation had ended its pods: they go on as they were started, and nobody hears them.
    @Test
    void endsPodsThatWereStartedWithTheOtherTransport() {
        var plaintext = Sight.healthy(3);
        for (var node = 0; node < 3; node++) {
            plaintext.silent(node);
        }
        var all = plan(TLS, plaintext);
        assertEquals(List.of(new Action.RestartPod("orders-2", "uid-2", "it was started without tls")), all.actions());
        waits("TransportChanged", all);
        // One that ends already is not ended once more, and one that has certificates stays.
        plaintext.pod(2, pod -> altered(pod, "terminating", true)).pod(1, pod -> altered(pod, "tls", true));
        assertEquals(
                List.of(new Action.RestartPod("orders-0", "uid-0", "it was started without tls")),
                plan(TLS, plaintext).actions());

        var secure = Sight.healthy(1).pod(0, pod -> altered(pod, "tls", true));
        assertEquals(
                List.of(new Action.RestartPod("orders-0", "uid-0", "it was started with tls")),
                plan("replicas: 1", secure).actions());
    }

    /// The next pod would be like it: as long as the template waits, for a version that is refused say.
    @Test
    void endsNoPodForATransportThatTheNextWouldNotHaveEither() {
        var refused = Sight.healthy(3).set(new PodSet(3, OLD, NEW, true, "")).written("0.2.0");
        var plan = plan("version: 0.1.9\n" + TLS, refused);
        assertEquals(List.of(), plan.actions());
        refuses("DowngradeRefused", plan);
    }

    @Test
    void takesTheLabelFromTheOldLeaderBeforeTheNewOneGetsIt() {
        var sight = Sight.healthy(3).ledBy(1, THREE, Set.of());
        sight.pod(0, pod -> altered(pod, "roleLabel", "leader")).pod(1, pod -> altered(pod, "roleLabel", "follower"));
        assertEquals(
                List.of(
                        new Action.LabelPod("orders-0", Action.Role.FOLLOWER),
                        new Action.LabelPod("orders-1", Action.Role.LEADER)),
                plan("", sight).actions());
    }
}
