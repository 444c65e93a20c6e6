package io.taffrail.cli;

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
            description = "Show the replicas as the leader sees them.")
    static final class Status implements Callable<Integer> {
        @Mixin
        ServerOptions server = new ServerOptions();

        @Mixin
        OutputOptions output = new OutputOptions();

        @Spec
        CommandSpec spec = CommandSpec.create();

        @Override
        public Integer call() {
            try (var client = server.connect()) {
                var cluster = client.describeCluster();
                var out = spec.commandLine().getOut();
                if (output.json()) {
                    OutputOptions.json(out, cluster);
                    return ExitCode.OK;
                }
                var table =
                        new Table("REPLICA", "ADDRESS", "ROLE", "VOTER", "IN SYNC", "INTEGRITY", "RECEIVED", "FLUSHED");
                cluster.getReplicasList()
                        .forEach(replica -> table.row(
                                String.valueOf(replica.getNodeId()),
                                replica.getAddress(),
                                replica.getRole(),
                                replica.getVoter() ? "yes" : "no",
                                replica.getInSync() ? "yes" : "no",
                                replica.getIntegrity(),
                                String.valueOf(replica.getReceivedLsn()),
                                String.valueOf(replica.getFlushedLsn())));
                table.print(out);
            }
            return ExitCode.OK;
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
