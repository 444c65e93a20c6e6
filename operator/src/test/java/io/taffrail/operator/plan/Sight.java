package io.taffrail.operator.plan;

import static io.taffrail.operator.Altered.altered;

import io.fabric8.kubernetes.client.utils.Serialization;
import io.taffrail.operator.crd.LogClusterSpec;
import io.taffrail.operator.observe.ObservedCluster;
import io.taffrail.operator.observe.ObservedCluster.Claim;
import io.taffrail.operator.observe.ObservedCluster.LogEnd;
import io.taffrail.operator.observe.ObservedCluster.Pod;
import io.taffrail.operator.observe.ObservedCluster.PodSet;
import io.taffrail.operator.observe.ObservedCluster.Recorded;
import io.taffrail.operator.observe.ObservedReplica;
import io.taffrail.operator.observe.ObservedReplica.Follower;
import io.taffrail.operator.observe.ObservedReplica.Integrity;
import io.taffrail.operator.observe.ObservedReplica.State;
import io.taffrail.operator.observe.RecoveryOffer;
import io.taffrail.operator.observe.SettingsValues;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// A cluster named `orders` as a test wants it seen: healthy to begin with, node 0 leading.
public final class Sight {
    public static final String UID = "7b1c0000-0000-4000-8000-000000000001";
    public static final Instant NOW = Instant.parse("2026-11-01T12:00:00Z");
    static final String HISTORY = "00000000-0000-4000-a000-000000000001";
    static final String OLD = "template-1";
    static final String NEW = "template-2";

    private Recorded recorded = Recorded.NOTHING;
    private @Nullable PodSet set;
    private final TreeMap<Integer, Pod> pods = new TreeMap<>();
    private final TreeMap<Integer, ObservedReplica> replicas = new TreeMap<>();
    private final List<Claim> claims = new ArrayList<>();
    private final List<String> outdated = new ArrayList<>();
    private final List<String> strange = new ArrayList<>();
    private final TreeMap<Integer, String> nodes = new TreeMap<>();
    private String newestVersion = "";
    private @Nullable RecoveryOffer offer;
    private final TreeMap<Integer, LogEnd> ends = new TreeMap<>();

    public static LogClusterSpec spec(String yaml) {
        return Serialization.unmarshal(
                yaml.contains("storage:") ? yaml : "storage: {size: 1Gi}\n" + yaml, LogClusterSpec.class);
    }

    static Sight empty() {
        return new Sight();
    }

    /// `count` pods that run replicas of no cluster.
    static Sight waiting(int count) {
        var sight = new Sight();
        sight.set = new PodSet(count, OLD, OLD, false, "");
        for (var node = 0; node < count; node++) {
            sight.pods.put(node, pod(node, OLD));
            sight.replicas.put(node, replica(node, State.UNINITIALIZED, null, Map.of(), Set.of(), Map.of(), 0, null));
        }
        return sight;
    }

    /// `count` voters in sync.
    public static Sight healthy(int count) {
        var sight = new Sight();
        sight.set = new PodSet(count, OLD, OLD, false, "");
        var voters = new TreeMap<Integer, String>();
        for (var node = 0; node < count; node++) {
            voters.put(node, storage(node));
        }
        sight.recorded = new Recorded(UID, voters, true, voters.keySet());
        for (var node = 0; node < count; node++) {
            sight.pods.put(node, pod(node, OLD));
        }
        return sight.ledBy(0, voters, Set.of());
    }

    Sight ledBy(int leader, Map<Integer, String> voters, Set<Integer> learners) {
        var members = new TreeSet<>(voters.keySet());
        members.addAll(learners);
        var settings = SettingsValues.of(spec(""));
        var followers = new TreeMap<Integer, Follower>();
        for (var node : members) {
            followers.put(node, new Follower(true, true, 0, 1_000, Integrity.INTACT));
        }
        followers.remove(leader);
        for (var node : members) {
            var state = node == leader ? State.LEADER : learners.contains(node) ? State.LEARNER : State.FOLLOWER;
            replicas.put(
                    node,
                    replica(node, state, UID, voters, learners, node == leader ? followers : Map.of(), 7, settings));
        }
        pods.replaceAll((node, pod) -> altered(pod, "roleLabel", node == leader ? "leader" : "follower"));
        return this;
    }

    Sight recorded(Recorded recorded) {
        this.recorded = recorded;
        return this;
    }

    /// A server of this version has written to the volumes.
    Sight written(String version) {
        newestVersion = version;
        return this;
    }

    public Sight on(int ordinal, String node) {
        nodes.put(ordinal, node);
        return this;
    }

    Sight set(PodSet set) {
        this.set = set;
        return this;
    }

    public Sight claim(int node, long requested, boolean owned) {
        claims.add(new Claim("data-orders-" + node, node, requested, requested, owned, false, false));
        return this;
    }

    /// Somebody has deleted its claim, which stays as long as its pod does.
    Sight losing(int node) {
        claims.add(new Claim("data-orders-" + node, node, 1 << 30, 1 << 30, false, true, false));
        return this;
    }

    /// Its claim was there before the LogCluster.
    Sight retaining(int node) {
        claims.add(new Claim("data-orders-" + node, node, 1 << 30, 1 << 30, false, false, true));
        return this;
    }

    Sight outdated(String resource) {
        outdated.add(resource);
        return this;
    }

    Sight strange(String resource) {
        strange.add(resource);
        return this;
    }

    Sight pod(int node, UnaryOperator<Pod> change) {
        pods.computeIfPresent(node, (ignored, pod) -> change.apply(pod));
        return this;
    }

    Sight addPod(int node) {
        pods.put(node, pod(node, OLD));
        return this;
    }

    Sight noPod(int node) {
        pods.remove(node);
        return this;
    }

    public Sight replica(int node, UnaryOperator<ObservedReplica> change) {
        replicas.computeIfPresent(node, (ignored, replica) -> change.apply(replica));
        return this;
    }

    Sight addReplica(ObservedReplica replica) {
        replicas.put(replica.nodeId(), replica);
        return this;
    }

    Sight offers(@Nullable RecoveryOffer offer) {
        this.offer = offer;
        return this;
    }

    /// Where the log of a replica ends.
    Sight end(int node, long epoch, long lsn) {
        ends.put(node, new LogEnd(epoch, lsn));
        return this;
    }

    Sight silent(int node) {
        replicas.remove(node);
        return this;
    }

    /// The pods' template has changed; none has been restarted.
    Sight newTemplate() {
        set = altered(altered(Objects.requireNonNull(set), "liveTemplate", NEW), "desiredTemplate", NEW);
        return this;
    }

    public ObservedCluster seen() {
        return new ObservedCluster(
                "orders",
                "shop",
                UID,
                7,
                recorded,
                outdated,
                strange,
                set,
                List.copyOf(pods.values()),
                claims,
                replicas,
                Map.of(),
                null,
                newestVersion,
                nodes,
                offer,
                ends);
    }

    static String storage(int node) {
        return "00000000-0000-4000-9000-00000000000" + node;
    }

    static Pod pod(int node, String template) {
        return new Pod(
                "orders-" + node,
                node,
                "uid-" + node,
                NOW.minusSeconds(300),
                false,
                template,
                false,
                null,
                null,
                "127.0.0." + node);
    }

    static Pod restarted(Pod pod) {
        return altered(altered(pod, "uid", pod.uid() + "'"), "template", NEW);
    }

    /// Its container does not run, and it has no address.
    static Pod waiting(Pod pod, @Nullable String waitingFor) {
        return altered(altered(altered(pod, "readySince", null), "ip", null), "waitingFor", waitingFor);
    }

    static ObservedReplica replica(
            int node,
            State state,
            @Nullable String clusterId,
            Map<Integer, String> voters,
            Set<Integer> learners,
            Map<Integer, Follower> followers,
            long generation,
            @Nullable SettingsValues settings) {
        var storages = new TreeMap<Integer, String>();
        learners.forEach(learner -> storages.put(learner, storage(learner)));
        return new ObservedReplica(
                node,
                storage(node),
                clusterId,
                clusterId == null ? "" : HISTORY,
                state,
                "",
                100,
                3,
                Integrity.INTACT,
                11,
                voters,
                storages,
                followers,
                generation,
                settings,
                "0.1.0",
                "Worker",
                "",
                1_000,
                900,
                false);
    }

    /// As a server answers that has not read its log: its node, its state and how far it is.
    static ObservedReplica unopened(int node, State state) {
        return new ObservedReplica(
                node,
                "",
                null,
                "",
                state,
                "reads its log, 40 % are done",
                40,
                0,
                Integrity.UNKNOWN,
                0,
                Map.of(),
                Map.of(),
                Map.of(),
                0,
                null,
                "0.1.0",
                "Worker",
                "",
                1_000,
                900,
                false);
    }

    static ObservedReplica with(ObservedReplica replica, State state) {
        return state == State.RECOVERING ? unopened(replica.nodeId(), state) : altered(replica, "state", state);
    }

    static ObservedReplica follower(ObservedReplica leader, int node, Follower follower) {
        var followers = new TreeMap<>(leader.followers());
        followers.put(node, follower);
        return altered(leader, "followers", followers);
    }
}
