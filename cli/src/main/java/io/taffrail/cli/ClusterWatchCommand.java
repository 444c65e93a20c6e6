package io.taffrail.cli;

import io.taffrail.client.Endpoint;
import io.taffrail.client.LogClient;
import io.taffrail.proto.control.FollowerStatus;
import io.taffrail.proto.control.ReplicaStatus;
import io.taffrail.proto.control.State;
import io.taffrail.proto.control.Voter;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "watch",
        mixinStandardHelpOptions = true,
        description = {
            "Show every replica at every interval: who leads, how far each log reaches, how far it lags.",
            "Goes on through failovers; a replica that does not answer is shown, too."
        })
final class ClusterWatchCommand implements Callable<Integer> {
    private static final DateTimeFormatter TO_THE_SECOND = DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ROOT);

    @Option(names = "--interval", paramLabel = "MILLIS", defaultValue = "1000", description = "default: 1000")
    int intervalMillis;

    @Option(names = "--count", paramLabel = "N", defaultValue = "0", description = "end after so many (default: never)")
    int count;

    @Mixin
    ServerOptions server = new ServerOptions();

    @Mixin
    OutputOptions output = new OutputOptions();

    @Spec
    CommandSpec spec = CommandSpec.create();

    private final Set<Endpoint> known = new LinkedHashSet<>();

    @Override
    public Integer call() throws InterruptedException {
        if (intervalMillis < 1 || count < 0) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--interval is %s and --count %s: 1 or more, and 0 or more".formatted(intervalMillis, count));
        }
        known.addAll(server.endpoints());
        var answered = false;
        try (var client = server.connectBriefly(ReplicaStatuses.ATTEMPT)) {
            for (var shown = 0; count == 0 || shown < count; shown++) {
                if (shown > 0) {
                    Thread.sleep(intervalMillis);
                }
                var statuses = ask(client);
                answered |= !statuses.isEmpty();
                show(statuses);
                if (spec.commandLine().getOut().checkError()) {
                    // Nobody reads it any more.
                    break;
                }
            }
        }
        return answered ? ExitCode.OK : ExitCode.UNAVAILABLE;
    }

    private Map<Endpoint, ReplicaStatus> ask(LogClient client) {
        var statuses = ReplicaStatuses.ask(client, known);
        for (var status : statuses.values()) {
            for (var member : members(status)) {
                Endpoint.ofHint(member.getClientAddress()).ifPresent(known::add);
            }
        }
        return statuses;
    }

    private static List<Voter> members(ReplicaStatus status) {
        return Stream.concat(status.getVotersList().stream(), status.getLearnersList().stream())
                .toList();
    }

    private void show(Map<Endpoint, ReplicaStatus> statuses) {
        var out = spec.commandLine().getOut();
        var leader = statuses.values().stream()
                .filter(status -> status.getState() == State.STATE_LEADER)
                .max(Comparator.comparingLong(ReplicaStatus::getEpoch));
        if (output.json()) {
            var fields = new LinkedHashMap<String, Object>();
            fields.put("leader", leader.map(ReplicaStatus::getNodeId).orElse(-1));
            fields.put("epoch", leader.map(ReplicaStatus::getEpoch).orElse(0L));
            fields.put(
                    "replicas",
                    known.stream()
                            .map(endpoint -> json(endpoint, statuses, leader))
                            .toList());
            OutputOptions.json(out, fields);
            return;
        }
        out.println(LocalTime.now(ZoneId.systemDefault()).format(TO_THE_SECOND) + "  "
                + leader.map(ClusterWatchCommand::headline).orElse("nobody leads"));
        var table = new Table("REPLICA", "ADDRESS", "STATE", "IN SYNC", "RECEIVED", "FLUSHED", "BEHIND", "INTEGRITY");
        known.forEach(endpoint -> row(table, endpoint, statuses.get(endpoint), leader));
        table.print(out);
    }

    private static String headline(ReplicaStatus leader) {
        return "replica " + leader.getNodeId() + " leads epoch " + leader.getEpoch() + ": received "
                + leader.getReceivedLsn() + ", flushed " + leader.getFlushedLsn() + ", on a majority "
                + leader.getQuorumFlushedLsn();
    }

    private static void row(
            Table table, Endpoint endpoint, @Nullable ReplicaStatus status, Optional<ReplicaStatus> leader) {
        if (status == null) {
            table.row("?", endpoint.toString(), "does not answer", "", "", "", "", "");
            return;
        }
        var seen = leader.flatMap(from -> seenBy(from, status));
        table.row(
                String.valueOf(status.getNodeId()),
                endpoint.toString(),
                word(status.getState().name(), "STATE_"),
                isLeader(status, leader)
                        ? ""
                        : seen.filter(FollowerStatus::getInSync).isPresent() ? "yes" : "no",
                String.valueOf(status.getReceivedLsn()),
                String.valueOf(status.getFlushedLsn()),
                isLeader(status, leader)
                        ? ""
                        : seen.map(follower -> Sizes.bytes(follower.getLagBytes()))
                                .orElse("?"),
                word(status.getIntegrity().name(), "INTEGRITY_"));
    }

    private Map<String, Object> json(
            Endpoint endpoint, Map<Endpoint, ReplicaStatus> statuses, Optional<ReplicaStatus> leader) {
        var fields = new LinkedHashMap<String, Object>();
        fields.put("address", endpoint.toString());
        var status = statuses.get(endpoint);
        fields.put("answers", status != null);
        if (status != null) {
            fields.put("replica", status.getNodeId());
            fields.put("state", status.getState().name());
            fields.put("receivedLsn", status.getReceivedLsn());
            fields.put("flushedLsn", status.getFlushedLsn());
            fields.put("integrity", status.getIntegrity().name());
            leader.flatMap(from -> seenBy(from, status)).ifPresent(follower -> {
                fields.put("inSync", follower.getInSync());
                fields.put("lagBytes", follower.getLagBytes());
                fields.put("lastAckMillis", follower.getLastAckMillis());
            });
        }
        return fields;
    }

    private static boolean isLeader(ReplicaStatus status, Optional<ReplicaStatus> leader) {
        return leader.filter(status::equals).isPresent();
    }

    private static Optional<FollowerStatus> seenBy(ReplicaStatus leader, ReplicaStatus follower) {
        return leader.getFollowersList().stream()
                .filter(seen -> seen.getNodeId() == follower.getNodeId())
                .findFirst();
    }

    private static String word(String constant, String prefix) {
        return constant.replace(prefix, "").toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
