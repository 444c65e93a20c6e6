package io.taffrail.operator.report;

import io.taffrail.operator.apply.ActionResult;
import io.taffrail.operator.crd.ByteSize;
import io.taffrail.operator.crd.Condition;
import io.taffrail.operator.crd.Condition.Status;
import io.taffrail.operator.crd.LogClusterSpec;
import io.taffrail.operator.crd.ReplicationMode;
import io.taffrail.operator.observe.ObservedCluster;
import io.taffrail.operator.observe.ObservedCluster.Pod;
import io.taffrail.operator.observe.ObservedReplica;
import io.taffrail.operator.observe.SettingsValues;
import io.taffrail.operator.plan.Action;
import io.taffrail.operator.plan.Plan;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// A cluster's conditions. All of them are set on the first visit, so that waiting for one never waits for its birth.
final class ConditionReport {
    private static final Duration RENEW_BEFORE = Duration.ofDays(7);
    private static final int LOW_DISK_PERCENT = 10;
    private static final int FAILOVER_REPLICAS_MIN = 3;

    private ConditionReport() {}

    static List<Condition> conditions(
            LogClusterSpec spec, ObservedCluster seen, Plan plan, List<ActionResult> results, Instant now) {
        return List.of(
                ready(spec, seen),
                available(spec, seen),
                durabilityMet(spec, seen),
                failoverReady(spec, seen),
                reconciled(plan, results),
                storageSufficient(spec, seen, results),
                certificatesValid(spec, seen, now));
    }

    private static Condition ready(LogClusterSpec spec, ObservedCluster seen) {
        if (spec.hibernated()) {
            return no("Ready", "Hibernated", "lifecycle is Hibernated: no replica runs, the volumes stay");
        }
        var ready = seen.pods().stream().filter(Pod::ready).count();
        if (seen.leader().isEmpty()) {
            return no("Ready", "NoLeader", ready + " of " + spec.replicas() + " replicas are ready and none leads");
        }
        var voters = seen.leader().get().voters().size();
        if (ready < spec.replicas() || voters != spec.replicas()) {
            return no(
                    "Ready",
                    "ReplicasMissing",
                    ready + " of " + spec.replicas() + " replicas are ready, " + voters + " vote");
        }
        return yes("Ready", "AllReplicasReady", spec.replicas() + " replicas are ready and vote");
    }

    private static Condition available(LogClusterSpec spec, ObservedCluster seen) {
        if (spec.hibernated()) {
            return asleep("Available");
        }
        return seen.leader()
                .map(leader -> yes(
                        "Available", "LeaderServes", "node " + leader.nodeId() + " leads in epoch " + leader.epoch()))
                .orElseGet(() -> no("Available", "NoLeader", "no replica leads: " + unreached(seen)));
    }

    private static String unreached(ObservedCluster seen) {
        if (seen.pods().isEmpty()) {
            return "there are no pods yet";
        }
        return seen.refusedReplicas().isEmpty()
                ? seen.replicas().size() + " of " + seen.pods().size() + " replicas answer"
                : "these do not answer: " + seen.refusedReplicas();
    }

    private static Condition durabilityMet(LogClusterSpec spec, ObservedCluster seen) {
        var level = spec.commitMode() + "/" + spec.replicationMode();
        if (spec.fsyncDisabled()) {
            return no(
                    "DurabilityMet",
                    "FsyncDisabled",
                    "unsafe.fsyncDisabled: nothing is flushed, Sync promises nothing");
        }
        if (spec.hibernated()) {
            return asleep("DurabilityMet");
        }
        var leader = seen.leader();
        if (leader.isEmpty()) {
            return no("DurabilityMet", "NoLeader", "nothing is acknowledged without a leader");
        }
        var unflushed = seen.replicas().values().stream()
                .filter(ObservedReplica::fsyncDisabled)
                .map(ObservedReplica::nodeId)
                .toList();
        if (!unflushed.isEmpty()) {
            return no(
                    "DurabilityMet",
                    "FsyncDisabled",
                    "nodes " + unflushed + " run with unsafe.fsyncDisabled until they restart, and flush nothing");
        }
        var settings = leader.get().settings();
        if (settings == null || settings.promiseLessThan(SettingsValues.of(spec))) {
            return no(
                    "DurabilityMet",
                    "SettingsNotApplied",
                    "node " + leader.get().nodeId() + " leads with settings that promise less than the spec's:"
                            + " status.settings says who has not got them");
        }
        var inSync = inSync(leader.get());
        var voters = leader.get().voters().size();
        var majority = voters / 2 + 1;
        var asked = spec.replicas() / 2 + 1;
        if (spec.replicationMode() == ReplicationMode.Async) {
            return yes("DurabilityMet", "LeaderServes", level + " needs the leader alone");
        }
        if (inSync < majority) {
            return no(
                    "DurabilityMet",
                    "QuorumLost",
                    level + " needs " + majority + " of " + voters + " voters in sync, there are " + inSync);
        }
        if (inSync < asked) {
            // As after a forced recovery: a majority of fewer voters acknowledges, with fewer copies.
            return no(
                    "DurabilityMet",
                    "TooFewReplicas",
                    level + " of " + spec.replicas() + " replicas needs " + asked + " copies, and appends are"
                            + " acknowledged with " + inSync + ": " + voters + " vote so far");
        }
        return yes("DurabilityMet", "QuorumInSync", level + ": " + inSync + " of " + voters + " in sync");
    }

    private static Condition failoverReady(LogClusterSpec spec, ObservedCluster seen) {
        if (spec.hibernated()) {
            return asleep("FailoverReady");
        }
        if (spec.replicas() < FAILOVER_REPLICAS_MIN) {
            return unknown(
                    "FailoverReady",
                    "TooFewReplicas",
                    "spec.replicas is " + spec.replicas() + ", which tolerates no failure; three tolerate one");
        }
        var leader = seen.leader();
        if (leader.isEmpty()) {
            return no("FailoverReady", "NoLeader", "no replica leads");
        }
        var voters = leader.get().voters().size();
        if (voters < FAILOVER_REPLICAS_MIN) {
            return no("FailoverReady", "TooFewReplicas", voters + " voters tolerate no failure; three tolerate one");
        }
        var left = inSync(leader.get()) - 1;
        var majority = voters / 2 + 1;
        var shared = left >= majority ? fatalNode(leader.get(), seen, majority) : null;
        if (shared != null) {
            return no(
                    "FailoverReady",
                    "ReplicasShareNode",
                    "any one replica may fail, but not node " + shared + ", which runs too many of them");
        }
        return left >= majority
                ? yes("FailoverReady", "FollowersInSync", left + " followers could take over")
                : no(
                        "FailoverReady",
                        "FollowersBehind",
                        "without the leader " + left + " voters are in sync, " + majority + " are needed");
    }

    /// The node whose loss leaves no majority in sync; null: there is none.
    private static @Nullable String fatalNode(ObservedReplica leader, ObservedCluster seen, int majority) {
        for (var node : new TreeSet<>(seen.nodes().values())) {
            var left = leader.voters().keySet().stream()
                    .filter(voter -> isInSync(leader, voter))
                    .filter(voter -> !node.equals(seen.nodes().get(voter)))
                    .count();
            if (left < majority) {
                return node;
            }
        }
        return null;
    }

    private static boolean isInSync(ObservedReplica leader, int node) {
        var follower = leader.followers().get(node);
        return node == leader.nodeId() || (follower != null && follower.caughtUp());
    }

    private static int inSync(ObservedReplica leader) {
        return (int) leader.voters().keySet().stream()
                .filter(node -> isInSync(leader, node))
                .count();
    }

    private static Condition reconciled(Plan plan, List<ActionResult> results) {
        Optional<Plan.Wait> refusal =
                plan.waits().stream().filter(Plan.Wait::refused).findFirst();
        if (refusal.isPresent()) {
            return no("Reconciled", refusal.get().reason(), refusal.get().message());
        }
        for (var result : results) {
            if (result instanceof ActionResult.Failed(Action action, String reason, String message)) {
                return no("Reconciled", reason, action + " failed: " + message);
            }
        }
        if (!plan.waits().isEmpty()) {
            var wait = plan.waits().getFirst();
            return no("Reconciled", wait.reason(), wait.message());
        }
        if (!plan.pending().isEmpty()) {
            var pending = plan.pending().getFirst();
            return no("Reconciled", pending.reason(), pending.message());
        }
        if (!plan.actions().isEmpty()) {
            return no("Reconciled", "Progressing", plan.actions().size() + " actions are under way");
        }
        return yes("Reconciled", "AsSpecified", "everything is as the spec asks");
    }

    private static Condition storageSufficient(LogClusterSpec spec, ObservedCluster seen, List<ActionResult> results) {
        for (var result : results) {
            if (result instanceof ActionResult.Failed(Action.GrowClaim grow, String reason, String message)) {
                return no("StorageSufficient", "ExpansionRefused", grow.claim() + ": " + message);
            }
        }
        for (var replica : seen.replicas().values()) {
            var total = replica.diskTotalBytes();
            if (total > 0 && replica.diskFreeBytes() * 100 < total * LOW_DISK_PERCENT) {
                return no(
                        "StorageSufficient",
                        "DiskLow",
                        "node " + replica.nodeId() + " has less than " + LOW_DISK_PERCENT
                                + " % of its volume free: raise storage.size or shorten retention");
            }
        }
        var wanted = ByteSize.parse("storage.size", spec.storage().size()).bytes();
        for (var claim : seen.claims()) {
            if (claim.capacityBytes() > 0 && claim.capacityBytes() < wanted) {
                return no(
                        "StorageSufficient",
                        "Expanding",
                        claim.name() + " has " + claim.capacityBytes() + " of " + wanted + " bytes so far");
            }
        }
        return yes("StorageSufficient", "EnoughSpace", "every reachable replica has more than 10 % free");
    }

    private static Condition certificatesValid(LogClusterSpec spec, ObservedCluster seen, Instant now) {
        var certificate = seen.certificate();
        if (spec.tls() == null || certificate == null) {
            return unknown("CertificatesValid", "Plaintext", "no tls is set: connections are plaintext");
        }
        if (certificate.problem() != null) {
            return no("CertificatesValid", "Unusable", certificate.problem());
        }
        var end = certificate.notAfter();
        if (end != null && end.isBefore(now)) {
            return no("CertificatesValid", "Expired", "the certificate expired at " + end);
        }
        if (end != null && end.isBefore(now.plus(RENEW_BEFORE))) {
            return no("CertificatesValid", "ExpiresSoon", "the certificate expires at " + end);
        }
        return yes("CertificatesValid", "Valid", "valid until " + end);
    }

    private static Condition yes(String type, String reason, String message) {
        return Condition.of(type, Status.True, reason, message);
    }

    private static Condition no(String type, String reason, String message) {
        return Condition.of(type, Status.False, reason, message);
    }

    /// False would alert for as long as the spec stays as it is wanted.
    private static Condition unknown(String type, String reason, String message) {
        return Condition.of(type, Status.Unknown, reason, message);
    }

    private static Condition asleep(String type) {
        return unknown(type, "Hibernated", "lifecycle is Hibernated");
    }
}
