package io.taffrail.operator.observe;

import java.time.Instant;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// A cluster as it stands, at one moment. Immutable and free of Kubernetes types, so that a plan is a function.
///
/// @param uid of the LogCluster
/// @param recorded what its status says was intended
/// @param outdatedResources owned objects that are missing or not as they should be, by `Kind/name`
/// @param strangeResources of the names that the cluster's objects have, and somebody else's
/// @param statefulSet null: there is none
/// @param replicas by node id, those that answered
/// @param newestVersion of the servers that have written to the volumes, empty: not known
/// @param nodes by ordinal, where the pods run
/// @param recoveryOffer null: no recovery is asked for, or the replica does not answer
/// @param logEnds by node id, of those that told while a recovery is asked for and nobody leads
/// @param refusedReplicas by node id, why one that should have answered did not
public record ObservedCluster(
        String name,
        String namespace,
        String uid,
        long generation,
        Recorded recorded,
        List<String> outdatedResources,
        List<String> strangeResources,
        @Nullable PodSet statefulSet,
        List<Pod> pods,
        List<Claim> claims,
        Map<Integer, ObservedReplica> replicas,
        Map<Integer, String> refusedReplicas,
        @Nullable Certificate certificate,
        String newestVersion,
        Map<Integer, String> nodes,
        @Nullable RecoveryOffer recoveryOffer,
        Map<Integer, LogEnd> logEnds) {

    /// @param storages the first voters' storage ids by node id, as they were recorded before the bootstrap
    /// @param voters as the last leader said
    /// @param recoveries that were decided, the oldest first
    public record Recorded(
            @Nullable String clusterId,
            Map<Integer, String> storages,
            boolean bootstrapped,
            Set<Integer> voters,
            List<Recovery> recoveries) {
        public static final Recorded NOTHING = new Recorded(null, Map.of(), false, Set.of());

        public Recorded(
                @Nullable String clusterId, Map<Integer, String> storages, boolean bootstrapped, Set<Integer> voters) {
            this(clusterId, storages, bootstrapped, voters, List.of());
        }

        public Recorded {
            storages = Collections.unmodifiableSortedMap(new TreeMap<>(storages));
            voters = Collections.unmodifiableSortedSet(new TreeSet<>(voters));
            recoveries = List.copyOf(recoveries);
        }

        public Optional<Recovery> newestRecovery() {
            return recoveries.isEmpty() ? Optional.empty() : Optional.of(recoveries.getLast());
        }
    }

    /// A forced recovery that a person decided.
    ///
    /// @param historyId that it gives up
    /// @param completed another history was seen where it was to begin
    public record Recovery(
            String requestId,
            int from,
            List<Integer> survivors,
            String clusterId,
            long expectedLastLsn,
            String historyId,
            List<String> plan,
            boolean completed) {
        public Recovery {
            survivors = List.copyOf(survivors);
            plan = List.copyOf(plan);
        }

        public Recovery asCompleted() {
            return new Recovery(requestId, from, survivors, clusterId, expectedLastLsn, historyId, plan, true);
        }
    }

    /// @param liveTemplate digest of the pod template in force; `desiredTemplate`: of the one this operator builds
    /// @param inputsChanged the spec asks for other pods than those of the template in force
    /// @param approvedTemplate the digest that a user approved on the LogCluster, empty: none
    public record PodSet(
            int replicas, String liveTemplate, String desiredTemplate, boolean inputsChanged, String approvedTemplate) {
        public boolean templateOutdated() {
            return !liveTemplate.equals(desiredTemplate);
        }
    }

    /// @param readySince null: not ready
    /// @param template digest of the template it was made from
    /// @param tls it was started with certificates; as long as it runs it goes on with them, or without
    /// @param waitingFor why its container does not run (`ImagePullBackOff`), null: it runs or did not try yet
    /// @param roleLabel what the leader Service goes by
    /// @param ip null: it has none yet
    public record Pod(
            String name,
            int ordinal,
            String uid,
            @Nullable Instant readySince,
            boolean terminating,
            String template,
            boolean tls,
            @Nullable String waitingFor,
            @Nullable String roleLabel,
            @Nullable String ip) {
        private static final Set<String> CANNOT_START = Set.of(
                "ImagePullBackOff",
                "ErrImagePull",
                "InvalidImageName",
                "CreateContainerConfigError",
                "CreateContainerError",
                "Unschedulable");

        public boolean ready() {
            return readySince != null && !terminating;
        }

        /// Nothing runs in it before somebody mends what it waits for. Not one whose container ends again and again:
        /// that one runs every now and then.
        public boolean cannotStart() {
            return waitingFor != null && CANNOT_START.contains(waitingFor);
        }
    }

    /// @param ownedByCluster deleted together with the LogCluster
    /// @param terminating deleted already: it goes, with all that is on it, when its pod ends
    /// @param retained older than the LogCluster: what is on its volume is of one that was deleted
    public record Claim(
            String name,
            int ordinal,
            long requestedBytes,
            long capacityBytes,
            boolean ownedByCluster,
            boolean terminating,
            boolean retained) {}

    /// Where a log ends, in the order in which elections prefer logs.
    ///
    /// @param epoch of its last entry
    public record LogEnd(long epoch, long lsn) implements Comparable<LogEnd> {
        @Override
        public int compareTo(LogEnd other) {
            var epochs = Long.compareUnsigned(epoch, other.epoch);
            return epochs != 0 ? epochs : Long.compareUnsigned(lsn, other.lsn);
        }
    }

    /// @param problem null: it can be used
    public record Certificate(
            @Nullable Instant notAfter, @Nullable String problem) {}

    public ObservedCluster {
        outdatedResources = List.copyOf(outdatedResources);
        strangeResources = List.copyOf(strangeResources);
        pods = pods.stream().sorted(Comparator.comparingInt(Pod::ordinal)).toList();
        claims = claims.stream().sorted(Comparator.comparingInt(Claim::ordinal)).toList();
        // Sorted: a message made from a map must be the same the next time, or the status is written for nothing.
        replicas = Collections.unmodifiableSortedMap(new TreeMap<>(replicas));
        nodes = Collections.unmodifiableSortedMap(new TreeMap<>(nodes));
        refusedReplicas = Collections.unmodifiableSortedMap(new TreeMap<>(refusedReplicas));
        logEnds = Map.copyOf(logEnds);
    }

    /// The replica that leads in the newest epoch: an older one that still believes it does is fenced.
    public Optional<ObservedReplica> leader() {
        return replicas.values().stream()
                .filter(ObservedReplica::leads)
                .filter(replica -> recorded.clusterId == null || recorded.clusterId.equals(replica.clusterId()))
                .max(Comparator.comparingLong(ObservedReplica::epoch));
    }

    /// Nodes that vote as any replica says. Without a leader nobody knows which of their configurations holds.
    public Set<Integer> votersSaid() {
        return replicas.values().stream()
                .filter(replica -> recorded.clusterId == null || recorded.clusterId.equals(replica.clusterId()))
                .filter(replica -> replica.integrity() != ObservedReplica.Integrity.EVICTED)
                .flatMap(replica -> replica.voters().keySet().stream())
                .collect(Collectors.toSet());
    }

    /// Pods whose volumes go when they end.
    public List<Pod> podsLosingVolumes() {
        return pods.stream()
                .filter(pod -> !pod.terminating
                        && claims.stream().anyMatch(claim -> claim.terminating && claim.ordinal == pod.ordinal))
                .toList();
    }

    public Optional<Pod> pod(int ordinal) {
        return pods.stream().filter(pod -> pod.ordinal == ordinal).findFirst();
    }
}
