package io.taffrail.cli;

import com.google.protobuf.ByteString;
import io.taffrail.client.Endpoint;
import io.taffrail.client.LogClient;
import io.taffrail.client.LogClientException;
import io.taffrail.proto.control.ReplicaStatus;
import io.taffrail.proto.control.State;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
        name = "status",
        mixinStandardHelpOptions = true,
        description = "Show how the replicas that --server names stand; one that does not answer is shown, too.")
final class StatusCommand implements Callable<Integer> {
    @Mixin
    ServerOptions server = new ServerOptions();

    @Mixin
    OutputOptions output = new OutputOptions();

    @Spec
    CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        var silent = new ArrayList<LogClientException>();
        try (var client = server.connect()) {
            for (var endpoint : server.endpoints()) {
                try {
                    show(endpoint, client);
                } catch (LogClientException failed) {
                    silent.add(failed);
                }
            }
        }
        if (silent.size() == server.endpoints().size()) {
            throw silent.getFirst();
        }
        silent.forEach(failed -> spec.commandLine().getErr().println("taffrail: " + failed.getMessage()));
        return silent.isEmpty() ? ExitCode.OK : ExitCode.UNAVAILABLE;
    }

    /// Only the leader knows.
    private static String inSync(ReplicaStatus leader) {
        return leader.getAllVotersInSync() ? ", all in sync" : ", not all in sync";
    }

    private void show(Endpoint endpoint, LogClient client) {
        var status = client.status(endpoint);
        var out = spec.commandLine().getOut();
        if (output.json()) {
            OutputOptions.json(out, status);
            return;
        }
        line("replica", status.getNodeId() + " at " + endpoint + ", version " + status.getVersion());
        line("state", word(status.getState().name(), "STATE_") + details(status));
        line("cluster", status.getClusterId().isEmpty() ? "not bootstrapped" : hex(status.getClusterId()));
        var leader = status.getLeader();
        line(
                "leader",
                leader.getAddress().isEmpty()
                        ? "unknown"
                        : "replica " + leader.getNodeId() + " at " + leader.getAddress() + ", epoch "
                                + leader.getEpoch());
        line("integrity", word(status.getIntegrity().name(), "INTEGRITY_"));
        for (var damage : status.getDamagedRangesList()) {
            line("damage", "LSN " + damage.getFromLsn() + " to " + damage.getToLsn() + ": " + damage.getDetail());
        }
        line(
                "log",
                "from " + status.getStartLsn() + ", received " + status.getReceivedLsn() + ", flushed "
                        + status.getFlushedLsn() + ", on a majority " + status.getQuorumFlushedLsn());
        line(
                "disk",
                Sizes.bytes(status.getDiskFreeBytes()) + " free of " + Sizes.bytes(status.getDiskTotalBytes()) + ", "
                        + status.getIoMethod()
                        + (status.getIoMethodReason().isEmpty() ? "" : " (" + status.getIoMethodReason() + ")"));
        line(
                "scrub",
                Sizes.bytes(status.getScrubbedBytes()) + " verified, " + status.getScrubRounds() + " rounds, "
                        + status.getRepairedSegments() + " segments repaired");
        line("voters", status.getVotersCount() + (status.getState() == State.STATE_LEADER ? inSync(status) : ""));
        for (var follower : status.getFollowersList()) {
            line(
                    "follower " + follower.getNodeId(),
                    (follower.getConnected() ? "connected" : "not connected")
                            + (follower.getInSync() ? ", in sync" : "")
                            + ", flushed " + follower.getFlushedLsn() + ", behind by "
                            + Sizes.bytes(follower.getLagBytes()));
        }
        for (var election : status.getElectionsList()) {
            if (election.getPossibleAsyncLoss()) {
                line(
                        "loss",
                        "possible at epoch " + election.getEpoch() + ": asynchronous appends before LSN "
                                + election.getStartLsn() + " may be missing");
            }
        }
        status.getWarningsList().forEach(warning -> line("warning", warning));
    }

    private static String details(ReplicaStatus status) {
        var recovering = status.getRecoveryPercent() > 0 && status.getRecoveryPercent() < 100
                ? " " + status.getRecoveryPercent() + " %"
                : "";
        return recovering + (status.getStateDetail().isEmpty() ? "" : ": " + status.getStateDetail());
    }

    private void line(String name, String value) {
        spec.commandLine().getOut().printf("%-11s %s%n", name, value);
    }

    private static String word(String constant, String prefix) {
        return constant.replace(prefix, "").toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static String hex(ByteString bytes) {
        return HexFormat.of().formatHex(bytes.toByteArray());
    }
}
