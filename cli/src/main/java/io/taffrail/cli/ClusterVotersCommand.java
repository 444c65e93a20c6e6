package io.taffrail.cli;

import io.taffrail.client.Endpoint;
import io.taffrail.client.LogClient;
import io.taffrail.proto.control.ChangeVotersRequest;
import io.taffrail.proto.control.ReplicaStatus;
import io.taffrail.proto.control.Voter;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "voters",
        mixinStandardHelpOptions = true,
        description = {
            "Show who votes and who learns, or change it: one replica at a time.",
            "A replica is added as a learner, catches up, and is promoted."
        })
final class ClusterVotersCommand implements Callable<Integer> {
    // As the service's --voters has it.
    private static final String ADDRESS = "((?:[^\\s/:]+|\\[[0-9a-fA-F:]+]):\\d{1,5})";
    private static final Pattern REPLICA = Pattern.compile("(\\d{1,9})=" + ADDRESS + "/" + ADDRESS);

    private record Learner(int nodeId, String peerAddress, String clientAddress) {
        /// Throws a CliException for what the service would refuse.
        static Learner parse(String text) {
            var parts = REPLICA.matcher(text);
            if (!parts.matches()
                    || Endpoint.ofHint(parts.group(2)).isEmpty()
                    || Endpoint.ofHint(parts.group(3)).isEmpty()) {
                throw new CliException(
                        ExitCode.USAGE,
                        "--add-learner is \"" + text
                                + "\": N=PEER_HOST:PORT/CLIENT_HOST:PORT with ports of 1 to 65535, as in"
                                + " 3=127.0.0.4:9091/127.0.0.4:9090");
            }
            return new Learner(Integer.parseInt(parts.group(1)), parts.group(2), parts.group(3));
        }
    }

    static final class Change {
        @Option(
                names = "--add-learner",
                paramLabel = "N=PEER:PORT/CLIENT:PORT",
                required = true,
                description = "an empty replica that runs and waits (taffrail.cluster.mode=managed)")
        @Nullable
        String addLearner;

        @Option(names = "--promote", paramLabel = "REPLICA", required = true, description = "a learner in sync")
        @Nullable
        Integer promote;

        @Option(names = "--remove", paramLabel = "REPLICA", required = true, description = "a voter")
        @Nullable
        Integer remove;

        @Option(names = "--remove-learner", paramLabel = "REPLICA", required = true)
        @Nullable
        Integer removeLearner;
    }

    @ArgGroup
    @Nullable
    Change change;

    @Mixin
    ServerOptions server = new ServerOptions();

    @Mixin
    OutputOptions output = new OutputOptions();

    @Spec
    CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        var learner = change == null || change.addLearner == null ? null : Learner.parse(change.addLearner);
        try (var client = server.connect()) {
            var before = leader(client);
            if (change == null) {
                show(before);
                return ExitCode.OK;
            }
            // A change made by someone else in between is refused rather than overwritten.
            var request = request(change, learner, client).setExpectedConfigId(before.getConfigId());
            var after = client.control().changeVoters(request.build());
            var out = spec.commandLine().getOut();
            if (output.json()) {
                OutputOptions.json(out, after);
            } else {
                out.println("configuration " + after.getConfigId() + " is in force");
            }
        }
        return ExitCode.OK;
    }

    private static ReplicaStatus leader(LogClient client) {
        var leader = client.whoLeads();
        if (leader.getAddress().isEmpty()) {
            throw new CliException(ExitCode.UNAVAILABLE, "no replica leads: try again when one does");
        }
        var endpoint = Endpoint.ofHint(leader.getAddress())
                .orElseThrow(() -> new CliException(
                        ExitCode.REFUSED,
                        "replica " + leader.getNodeId() + " leads, and its client address \"" + leader.getAddress()
                                + "\" is not host:port"));
        return client.status(endpoint);
    }

    private static ChangeVotersRequest.Builder request(Change change, @Nullable Learner learner, LogClient client) {
        var request = ChangeVotersRequest.newBuilder();
        if (learner != null) {
            request.setAddLearner(voter(learner, client));
        } else if (change.promote != null) {
            request.setPromoteLearnerNodeId(change.promote);
        } else if (change.remove != null) {
            request.setRemoveVoterNodeId(change.remove);
        } else if (change.removeLearner != null) {
            request.setRemoveLearnerNodeId(change.removeLearner);
        }
        return request;
    }

    /// Which storage it has only it knows.
    private static Voter voter(Learner learner, LogClient client) {
        var status = client.status(Endpoint.parse(learner.clientAddress));
        if (status.getNodeId() != learner.nodeId) {
            throw new CliException(
                    ExitCode.REFUSED,
                    "at " + learner.clientAddress + " is replica " + status.getNodeId() + ", not " + learner.nodeId);
        }
        return Voter.newBuilder()
                .setNodeId(learner.nodeId)
                .setStorageUuid(status.getStorageUuid())
                .setPeerAddress(learner.peerAddress)
                .setClientAddress(learner.clientAddress)
                .build();
    }

    private void show(ReplicaStatus leader) {
        var out = spec.commandLine().getOut();
        if (output.json()) {
            OutputOptions.json(out, leader);
            return;
        }
        var table = new Table("REPLICA", "VOTES", "CLIENTS", "REPLICAS");
        rows(table, leader.getVotersList(), "yes");
        rows(table, leader.getLearnersList(), "learns");
        out.println("configuration " + leader.getConfigId());
        table.print(out);
    }

    private static void rows(Table table, List<Voter> members, String votes) {
        members.forEach(member -> table.row(
                String.valueOf(member.getNodeId()), votes, member.getClientAddress(), member.getPeerAddress()));
    }
}
