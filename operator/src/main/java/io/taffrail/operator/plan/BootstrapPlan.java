package io.taffrail.operator.plan;

import io.taffrail.operator.observe.ObservedCluster.Claim;
import io.taffrail.operator.observe.ObservedReplica;
import java.util.Map;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/// Makes empty replicas a cluster, once in the cluster's life. The identity and the first voters are recorded in the
/// status before a replica hears of them: a second operator, or this one after a crash, finds what was intended and
/// repeats exactly that.
final class BootstrapPlan {
    enum Outcome {
        /// Voters and settings may be managed.
        CLUSTER,
        /// There is nothing to manage yet, or it is not safe to.
        NONE
    }

    private BootstrapPlan() {}

    static Outcome plan(Draft draft) {
        var recorded = draft.seen.recorded();
        var found = new TreeSet<String>();
        draft.seen.replicas().values().stream()
                .map(ObservedReplica::clusterId)
                .filter(Objects::nonNull)
                .forEach(found::add);
        var clusterId = recorded.clusterId();
        if (clusterId == null) {
            return identify(draft, found);
        }
        if (!found.isEmpty() && !(found.size() == 1 && found.contains(clusterId))) {
            draft.refuse(
                    "ForeignReplica",
                    "cluster " + clusterId + " was recorded, but replicas hold " + describe(draft)
                            + ": give the foreign volumes back, or delete their claims");
            return Outcome.NONE;
        }
        if (recorded.bootstrapped()) {
            return established(draft);
        }
        if (draft.seen.leader().isPresent()) {
            draft.act(new Action.RecordBootstrap(clusterId, recorded.storages(), true));
            return Outcome.CLUSTER;
        }
        return repeat(draft, clusterId, found.isEmpty());
    }

    private static Outcome identify(Draft draft, SortedSet<String> found) {
        if (found.size() > 1) {
            draft.refuse(
                    "ClusterIdConflict",
                    "replicas of different clusters hold the volumes: " + describe(draft)
                            + "; keep the claims of one of them");
            return Outcome.NONE;
        }
        if (found.size() == 1) {
            // Retained volumes under a LogCluster that was created again: the log goes on, it is not begun anew.
            draft.act(new Action.RecordBootstrap(found.first(), storages(draft), true));
            return Outcome.CLUSTER;
        }
        if (allEmpty(draft) && !othersAreRetained(draft)) {
            begin(draft, draft.seen.uid());
        }
        return Outcome.NONE;
    }

    /// The pods that the spec asks for are empty, but volumes of a LogCluster of this name that was deleted are there,
    /// and have no pod.
    private static boolean othersAreRetained(Draft draft) {
        var retained = draft.seen.claims().stream()
                .filter(claim -> claim.retained() && claim.ordinal() >= draft.spec.replicas())
                .map(Claim::name)
                .toList();
        if (retained.isEmpty()) {
            return false;
        }
        draft.refuse(
                "ClaimsRetained",
                "claims " + String.join(", ", retained)
                        + " are older than this LogCluster and have no pod at replicas: "
                        + draft.spec.replicas() + ", whose volumes are all empty: set replicas to what it was if that"
                        + " log is to go on, or delete these claims to begin with an empty one");
        return true;
    }

    private static Outcome established(Draft draft) {
        var replicas = draft.seen.replicas().values();
        if (replicas.size() == draft.spec.replicas() && replicas.stream().allMatch(ObservedReplica::empty)) {
            draft.refuse(
                    "DataMissing",
                    "the cluster was bootstrapped, and every replica's volume is empty: restore the volumes, or delete"
                            + " the LogCluster and create it again to begin with an empty log");
            return Outcome.NONE;
        }
        return Outcome.CLUSTER;
    }

    /// The first attempt may have reached some replicas, so the second must say the same.
    private static Outcome repeat(Draft draft, String clusterId, boolean nobodyKnowsIt) {
        var intended = draft.seen.recorded().storages();
        var replaced = new TreeMap<Integer, String>();
        intended.forEach((node, storage) -> draft.replica(node)
                .filter(replica -> replica.opened() && !replica.storageId().equals(storage))
                .ifPresent(replica -> replaced.put(node, replica.storageId())));
        if (!replaced.isEmpty() && !nobodyKnowsIt) {
            draft.refuse(
                    "VolumeReplaced",
                    "during the bootstrap the volumes of nodes " + replaced.keySet()
                            + " were replaced; delete the LogCluster with its claims and create it again");
        } else if (!replaced.isEmpty()) {
            // Who has not read its log may know the cluster yet.
            if (allEmpty(draft)) {
                begin(draft, clusterId);
            }
        } else {
            intended.keySet().stream()
                    .sorted()
                    .filter(node ->
                            draft.replica(node).filter(ObservedReplica::empty).isPresent())
                    .forEach(node -> draft.act(new Action.Bootstrap(node, clusterId, intended)));
        }
        return Outcome.NONE;
    }

    private static void begin(Draft draft, String clusterId) {
        var storages = storages(draft);
        draft.act(new Action.RecordBootstrap(clusterId, storages, false));
        storages.keySet().stream().sorted().forEach(node -> draft.act(new Action.Bootstrap(node, clusterId, storages)));
    }

    private static boolean allEmpty(Draft draft) {
        for (var node = 0; node < draft.spec.replicas(); node++) {
            if (draft.replica(node).filter(ObservedReplica::empty).isEmpty()) {
                draft.waitFor("WaitingForReplicas", draft.unheard(node));
                return false;
            }
        }
        return true;
    }

    /// Of the nodes that the spec asks for; a pod beyond them is no first voter.
    private static Map<Integer, String> storages(Draft draft) {
        var storages = new TreeMap<Integer, String>();
        draft.seen.replicas().forEach((node, replica) -> {
            if (node < draft.spec.replicas() && replica.opened()) {
                storages.put(node, replica.storageId());
            }
        });
        return storages;
    }

    private static String describe(Draft draft) {
        var ids = new TreeMap<String, String>();
        draft.seen.replicas().forEach((node, replica) -> {
            if (replica.clusterId() != null) {
                ids.put(draft.podName(node), replica.clusterId());
            }
        });
        return ids.toString();
    }
}
