package io.taffrail.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.taffrail.client.Endpoint;
import io.taffrail.proto.control.ReplicaStatus;
import io.taffrail.proto.log.ClusterDescription;
import io.taffrail.proto.log.ReplicaDescription;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "cluster",
        mixinStandardHelpOptions = true,
        description = {
            "Look at a cluster of replicas and change who leads and who votes.",
            "From a checkout also: taffrail cluster up [--replicas 3] [--data DIR] [--port N], replicas on this machine until Ctrl-C."
        },
        subcommands = {
            ClusterCommand.Status.class,
            ClusterWatchCommand.class,
            ClusterCommand.Transfer.class,
            ClusterVotersCommand.class,
            RecoverCommand.class
        })
final class ClusterCommand {
    @Command(
            name = "status",
            mixinStandardHelpOptions = true,
            description =
                    "Show the replicas as the leader sees them, and what each says of damage to its log that is not"
                            + " repaired yet; ?: it does not answer.")
    static final class Status implements Callable<Integer> {
        @Mixin
        ServerOptions server = new ServerOptions();

        @Mixin
        OutputOptions output = new OutputOptions();

        @Spec
        CommandSpec spec = CommandSpec.create();

        @Override
        public Integer call() {
            try (var client = server.connectBriefly(ReplicaStatuses.ATTEMPT)) {
                var cluster = client.describeCluster();
                // The leader does not hear of damage to the logs of others.
                var endpoints = cluster.getReplicasList().stream()
                        .flatMap(replica -> Endpoint.ofHint(replica.getAddress()).stream())
                        .toList();
                var statuses = ReplicaStatuses.ask(client, endpoints);
                if (output.json()) {
                    OutputOptions.json(spec.commandLine().getOut(), tree(cluster, statuses));
                } else {
                    show(cluster, statuses);
                }
            }
            return ExitCode.OK;
        }

        private void show(ClusterDescription cluster, Map<Endpoint, ReplicaStatus> statuses) {
            var out = spec.commandLine().getOut();
            var table = new Table(
                    "REPLICA", "ADDRESS", "ROLE", "VOTER", "IN SYNC", "INTEGRITY", "DAMAGE", "RECEIVED", "FLUSHED");
            for (var replica : cluster.getReplicasList()) {
                table.row(
                        String.valueOf(replica.getNodeId()),
                        replica.getAddress(),
                        replica.getRole(),
                        replica.getVoter() ? "yes" : "no",
                        replica.getInSync() ? "yes" : "no",
                        replica.getIntegrity(),
                        statusOf(replica, statuses).map(Status::damage).orElse("?"),
                        String.valueOf(replica.getReceivedLsn()),
                        String.valueOf(replica.getFlushedLsn()));
            }
            table.print(out);
            for (var replica : cluster.getReplicasList()) {
                statusOf(replica, statuses).map(ReplicaStatus::getDamagedRangesList).orElse(List.of()).stream()
                        .map(range -> "replica " + replica.getNodeId() + " is damaged from LSN " + range.getFromLsn()
                                + " to " + range.getToLsn() + ": " + range.getDetail())
                        .forEach(out::println);
            }
        }

        private static JsonObject tree(ClusterDescription cluster, Map<Endpoint, ReplicaStatus> statuses) {
            var tree = OutputOptions.tree(cluster);
            var replicas = tree.getAsJsonArray("replicas");
            for (var i = 0; i < cluster.getReplicasCount(); i++) {
                var fields = replicas.get(i).getAsJsonObject();
                statusOf(cluster.getReplicas(i), statuses).ifPresent(status -> {
                    var ranges = new JsonArray();
                    status.getDamagedRangesList().forEach(range -> ranges.add(OutputOptions.tree(range)));
                    fields.addProperty("damagedBytes", String.valueOf(damagedBytes(status)));
                    fields.add("damagedRanges", ranges);
                });
            }
            return tree;
        }

        private static Optional<ReplicaStatus> statusOf(
                ReplicaDescription replica, Map<Endpoint, ReplicaStatus> statuses) {
            return Endpoint.ofHint(replica.getAddress())
                    .flatMap(endpoint -> Optional.ofNullable(statuses.get(endpoint)));
        }

        private static String damage(ReplicaStatus status) {
            var count = status.getDamagedRangesCount();
            return count == 0
                    ? "no"
                    : count + (count == 1 ? " range, " : " ranges, ") + Sizes.bytes(damagedBytes(status));
        }

        private static long damagedBytes(ReplicaStatus status) {
            return status.getDamagedRangesList().stream()
                    .mapToLong(range -> range.getToLsn() - range.getFromLsn())
                    .sum();
        }
    }

    @Command(
            name = "transfer",
            mixinStandardHelpOptions = true,
            description = "Hand leadership to a replica; returns when it leads.")
    static final class Transfer implements Callable<Integer> {
        @Parameters(
                index = "0",
                arity = "0..1",
                paramLabel = "REPLICA",
                description = "its number; without it the follower that has the most")
        @Nullable
        Integer target;

        @Mixin
        ServerOptions server = new ServerOptions();

        @Mixin
        OutputOptions output = new OutputOptions();

        @Spec
        CommandSpec spec = CommandSpec.create();

        @Override
        public Integer call() {
            try (var client = server.connect()) {
                var to = target == null ? OptionalInt.empty() : OptionalInt.of(target);
                var leader = client.control().transferLeadership(to).getLeader();
                var out = spec.commandLine().getOut();
                if (output.json()) {
                    OutputOptions.json(out, leader);
                } else {
                    out.println("replica " + leader.getNodeId() + " at " + leader.getAddress() + " leads epoch "
                            + leader.getEpoch());
                }
            }
            return ExitCode.OK;
        }
    }
}
