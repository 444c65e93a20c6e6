package io.taffrail.operator.report;

import io.taffrail.operator.apply.ActionResult;
import io.taffrail.operator.crd.Condition;
import io.taffrail.operator.crd.LogClusterSpec;
import io.taffrail.operator.crd.LogClusterStatus;
import io.taffrail.operator.crd.LogClusterStatus.Endpoints;
import io.taffrail.operator.crd.LogClusterStatus.Leader;
import io.taffrail.operator.crd.LogClusterStatus.PendingChange;
import io.taffrail.operator.crd.LogClusterStatus.RecoveryPlan;
import io.taffrail.operator.crd.LogClusterStatus.Replica;
import io.taffrail.operator.crd.LogClusterStatus.Settings;
import io.taffrail.operator.observe.ObservedCluster;
import io.taffrail.operator.observe.ObservedCluster.Claim;
import io.taffrail.operator.observe.ObservedCluster.Pod;
import io.taffrail.operator.observe.ObservedReplica;
import io.taffrail.operator.observe.RecoveryOffer;
import io.taffrail.operator.observe.SettingsValues;
import io.taffrail.operator.plan.Plan;
import io.taffrail.operator.plan.ServerVersion;
import io.taffrail.operator.resource.ClusterNames;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The status of a cluster, as a function of what was seen, planned and done. Live lag is a metric and not in here: a
/// status that changes with every record would be written all the time.
public final class ClusterReport {
    private ClusterReport() {}

    public static LogClusterStatus of(
            LogClusterSpec spec,
            LogClusterStatus before,
            ObservedCluster seen,
            Plan plan,
            List<ActionResult> results,
            Instant now) {
        var names = new ClusterNames(seen.name(), seen.namespace());
        var leader = seen.leader();
        var voters = leader.map(it -> it.voters().keySet().stream().sorted().toList())
                .filter(it -> !it.isEmpty())
                .orElse(before.voters());
        var conditions = ConditionReport.conditions(spec, seen, plan, results, now).stream()
                .map(condition ->
                        condition.since(find(before.conditions(), condition.type()), now.toString(), seen.generation()))
                .toList();
        return new LogClusterStatus(
                seen.generation(),
                before.clusterId(),
                before.bootstrap(),
                voters,
                newest(before, seen),
                leader.map(it -> leader(names, it, before.leader(), now)).orElse(null),
                (int) seen.pods().stream().filter(Pod::ready).count(),
                seen.pods().size(),
                ClusterNames.CLUSTER_LABEL + "=" + seen.name(),
                replicas(names, seen),
                DurabilityReport.of(spec),
                new Endpoints(
                        names.leaderService() + "." + names.namespace() + ".svc:" + ClusterNames.CLIENT_PORT,
                        names.cluster() + "." + names.namespace() + ".svc:" + ClusterNames.CLIENT_PORT),
                settings(spec, names, seen),
                seen.claims().stream()
                        .filter(Claim::ownedByCluster)
                        .map(Claim::name)
                        .toList(),
                plan.pending().stream()
                        .map(it -> new PendingChange(it.name(), it.reason(), it.message()))
                        .toList(),
                recoveryPlan(spec, plan, seen),
                before.recoveries(),
                conditions);
    }

    /// The pass failed before it could see anything: everything else stays as it was last known.
    public static LogClusterStatus failed(
            LogClusterStatus before, @Nullable Long generation, String reason, String message, Instant now) {
        var conditions = new ArrayList<>(before.conditions());
        conditions.removeIf(condition -> condition.type().equals("Reconciled"));
        conditions.add(Condition.of("Reconciled", Condition.Status.False, reason, message)
                .since(find(before.conditions(), "Reconciled"), now.toString(), generation));
        return before.withConditions(generation, conditions);
    }

    private static @Nullable String newest(LogClusterStatus before, ObservedCluster seen) {
        var newest = before.newestVersion();
        for (var replica : seen.replicas().values()) {
            var version = ServerVersion.parse(replica.version()).orElse(null);
            var known = newest == null ? null : ServerVersion.parse(newest).orElse(null);
            // One that holds nothing yet has written nothing.
            if (version != null && replica.clusterId() != null && (known == null || version.compareTo(known) > 0)) {
                newest = version.toString();
            }
        }
        return newest;
    }

    private static Leader leader(ClusterNames names, ObservedReplica leader, @Nullable Leader before, Instant now) {
        var pod = names.pod(leader.nodeId());
        var epoch = String.valueOf(leader.epoch());
        if (before != null && before.pod().equals(pod) && before.epoch().equals(epoch)) {
            return before;
        }
        return new Leader(pod, epoch, now.toString());
    }

    private static List<Replica> replicas(ClusterNames names, ObservedCluster seen) {
        return seen.pods().stream().map(pod -> replica(names, seen, pod)).toList();
    }

    private static Replica replica(ClusterNames names, ObservedCluster seen, Pod pod) {
        var replica = seen.replicas().get(pod.ordinal());
        if (replica == null) {
            var refused = seen.refusedReplicas().get(pod.ordinal());
            var why = pod.waitingFor() == null ? refused : pod.waitingFor() + (refused == null ? "" : ", " + refused);
            return new Replica(names.pod(pod.ordinal()), "Unknown", "Unreachable", null, null, null, null, why);
        }
        var recovering = replica.state() == ObservedReplica.State.RECOVERING;
        return new Replica(
                names.pod(pod.ordinal()),
                role(replica),
                state(seen, replica),
                recovering ? replica.recoveryPercent() : null,
                replica.opened() ? replica.storageId() : null,
                replica.version(),
                replica.ioMethodReason().isEmpty()
                        ? replica.ioMethod()
                        : replica.ioMethod() + ": " + replica.ioMethodReason(),
                replica.detail().isEmpty() ? null : replica.detail());
    }

    private static String role(ObservedReplica replica) {
        return switch (replica.state()) {
            case LEADER, LEADER_OPENING -> "Leader";
            case FOLLOWER -> "Follower";
            case CANDIDATE -> "Candidate";
            case LEARNER -> "Learner";
            case RECOVERING, UNINITIALIZED, STOPPING, FAILED, UNKNOWN -> "Unknown";
        };
    }

    private static String state(ObservedCluster seen, ObservedReplica replica) {
        return switch (replica.state()) {
            case LEADER -> "Serving";
            case FOLLOWER, LEARNER -> {
                var leader = seen.leader().orElse(null);
                var follower = leader == null ? null : leader.followers().get(replica.nodeId());
                yield follower == null || follower.inSync() ? "Serving" : "CatchingUp";
            }
            case RECOVERING -> "Recovering";
            case UNINITIALIZED -> "Waiting";
            case CANDIDATE, LEADER_OPENING -> "Electing";
            case STOPPING -> "Stopping";
            case FAILED -> "Failed";
            case UNKNOWN -> "Unknown";
        };
    }

    private static Settings settings(LogClusterSpec spec, ClusterNames names, ObservedCluster seen) {
        var wanted = SettingsValues.of(spec);
        var outstanding = seen.pods().stream()
                .filter(pod -> {
                    var replica = seen.replicas().get(pod.ordinal());
                    return replica == null
                            || replica.settingsGeneration() < seen.generation()
                            || !Objects.equals(replica.settings(), wanted);
                })
                .map(pod -> names.pod(pod.ordinal()))
                .toList();
        var applied = outstanding.isEmpty() && !seen.pods().isEmpty() ? String.valueOf(seen.generation()) : null;
        return new Settings(applied, outstanding);
    }

    /// As long as it waits for a person's consent, or differs from what the person typed.
    private static @Nullable RecoveryPlan recoveryPlan(LogClusterSpec spec, Plan plan, ObservedCluster seen) {
        var asked = spec.forceRecovery();
        var open = plan.waits().stream()
                .map(Plan.Wait::reason)
                .anyMatch(reason -> reason.equals("RecoveryPlanned") || reason.equals("RecoveryMismatch"));
        return asked != null && open && seen.recoveryOffer() instanceof RecoveryOffer.Possible offer
                ? new RecoveryPlan(asked.from(), Long.toUnsignedString(offer.lastLsn()), offer.lines())
                : null;
    }

    static @Nullable Condition find(List<Condition> conditions, String type) {
        return conditions.stream()
                .filter(condition -> condition.type().equals(type))
                .findFirst()
                .orElse(null);
    }
}
