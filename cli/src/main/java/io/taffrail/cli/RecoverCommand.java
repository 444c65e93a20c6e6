package io.taffrail.cli;

import com.google.protobuf.ByteString;
import io.taffrail.client.Endpoint;
import io.taffrail.client.LogClient;
import io.taffrail.proto.control.ForceRecoveryRequest;
import io.taffrail.proto.control.ForceRecoveryResponse;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// Without `--accept-data-loss` it only shows plans, of every replica that `--server` names.
@Command(
        name = "recover",
        mixinStandardHelpOptions = true,
        description = {
            "Go on without a majority of the voters, from one replica's log. What only the others held is lost.",
            "Shows the plan and changes nothing, unless --accept-data-loss and --expect-last-lsn are given."
        })
final class RecoverCommand implements Callable<Integer> {
    @Option(
            names = "--survivors",
            split = ",",
            required = true,
            paramLabel = "REPLICA",
            description = "numbers of the voters that go on, the replica that is asked among them")
    List<Integer> survivors = List.of();

    @Option(names = "--dry-run", description = "only show the plan (the default)")
    boolean dryRun;

    static final class Consent {
        @Option(
                names = "--accept-data-loss",
                required = true,
                paramLabel = "CLUSTER-ID",
                description = "carry it out; the plan says the cluster's id, type it")
        String clusterId = "";

        @Option(
                names = "--expect-last-lsn",
                required = true,
                paramLabel = "LSN",
                description = "where the plan says that the log ends")
        long lastLsn;
    }

    @ArgGroup(exclusive = false)
    @Nullable
    Consent consent;

    @Mixin
    ServerOptions server = new ServerOptions();

    @Mixin
    OutputOptions output = new OutputOptions();

    @Spec
    CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        var accepted = consent;
        if (accepted != null && dryRun) {
            throw new CliException(ExitCode.USAGE, "--dry-run and --accept-data-loss exclude each other");
        }
        try (var client = server.connect()) {
            if (accepted == null) {
                plans(client);
            } else {
                execute(client, accepted);
            }
        }
        return ExitCode.OK;
    }

    private void plans(LogClient client) {
        var out = spec.commandLine().getOut();
        Endpoint best = null;
        ForceRecoveryResponse bestPlan = null;
        for (var endpoint : server.endpoints()) {
            var plan = client.control().forceRecovery(endpoint, request().build());
            if (output.json()) {
                OutputOptions.json(out, plan);
            } else {
                print(out, "plan of " + endpoint + ":", plan);
            }
            if (bestPlan == null || isAhead(plan, bestPlan)) {
                best = endpoint;
                bestPlan = plan;
            }
        }
        if (best != null && bestPlan != null && !output.json()) {
            out.println("Nothing was changed. To carry out the plan of " + best
                    + (server.endpoints().size() > 1 ? ", whose log is ahead:" : ":"));
            out.println("  taffrail cluster recover --server " + best + " --survivors "
                    + String.join(",", survivors.stream().map(String::valueOf).toList())
                    + " --accept-data-loss CLUSTER-ID --expect-last-lsn " + bestPlan.getLastLsn());
        }
    }

    /// As elections order logs.
    private static boolean isAhead(ForceRecoveryResponse one, ForceRecoveryResponse other) {
        return one.getLastEpoch() != other.getLastEpoch()
                ? one.getLastEpoch() > other.getLastEpoch()
                : one.getLastLsn() > other.getLastLsn();
    }

    private void execute(LogClient client, Consent accepted) {
        var endpoints = server.endpoints();
        if (endpoints.size() != 1) {
            throw new CliException(
                    ExitCode.USAGE,
                    "--server names " + endpoints.size() + " replicas: name the one whose log is to go on");
        }
        var request = request()
                .setAcceptDataLoss(bytes(clusterId(accepted.clusterId)))
                .setExpectedLastLsn(accepted.lastLsn)
                .setRequestId(bytes(UUID.randomUUID()));
        var done = client.control().forceRecovery(endpoints.getFirst(), request.build());
        var out = spec.commandLine().getOut();
        if (output.json()) {
            OutputOptions.json(out, done);
            return;
        }
        print(out, "carried out on " + endpoints.getFirst() + ":", done);
        out.println("Empty the volumes of the replicas that were given up before they start again.");
    }

    private ForceRecoveryRequest.Builder request() {
        return ForceRecoveryRequest.newBuilder().addAllSurvivorNodeIds(survivors);
    }

    private static void print(PrintWriter out, String title, ForceRecoveryResponse response) {
        out.println(title);
        response.getPlanList().forEach(line -> out.println("  " + line));
    }

    private static UUID clusterId(String typed) {
        try {
            return UUID.fromString(typed);
        } catch (IllegalArgumentException malformed) {
            throw new CliException(
                    ExitCode.USAGE, "--accept-data-loss is \"" + typed + "\": it has to be the cluster's id, a UUID");
        }
    }

    private static ByteString bytes(UUID id) {
        return ByteString.copyFrom(ByteBuffer.allocate(16)
                .putLong(id.getMostSignificantBits())
                .putLong(id.getLeastSignificantBits())
                .flip());
    }
}
