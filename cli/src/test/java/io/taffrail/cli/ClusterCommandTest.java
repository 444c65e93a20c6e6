package io.taffrail.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;
import io.grpc.BindableService;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.taffrail.client.LogClient;
import io.taffrail.proto.control.ChangeVotersRequest;
import io.taffrail.proto.control.ChangeVotersResponse;
import io.taffrail.proto.control.ControlGrpc;
import io.taffrail.proto.control.DamagedRange;
import io.taffrail.proto.control.GetStatusRequest;
import io.taffrail.proto.control.ReplicaStatus;
import io.taffrail.proto.control.TransferLeadershipRequest;
import io.taffrail.proto.control.TransferLeadershipResponse;
import io.taffrail.proto.log.ClusterDescription;
import io.taffrail.proto.log.DescribeClusterRequest;
import io.taffrail.proto.log.Error;
import io.taffrail.proto.log.ErrorCode;
import io.taffrail.proto.log.LogGrpc;
import io.taffrail.proto.log.ReplicaDescription;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A cluster of three: one whose log has two holes, one that is whole, one that does not answer.
class ClusterCommandTest {
    private static final String SILENT = "127.0.0.1:1";

    private Server whole;
    private Server damaged;

    private static String address(Server server) {
        return "127.0.0.1:" + server.getPort();
    }

    private static Server start(BindableService service) throws IOException {
        return Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
                .addService(service)
                .build()
                .start();
    }

    private static final class Replica extends ControlGrpc.ControlImplBase {
        private final ReplicaStatus status;

        Replica(ReplicaStatus status) {
            this.status = status;
        }

        @Override
        public void getStatus(GetStatusRequest request, StreamObserver<ReplicaStatus> answer) {
            answer.onNext(status);
            answer.onCompleted();
        }
    }

    private final class Leader extends LogGrpc.LogImplBase {
        @Override
        public void describeCluster(DescribeClusterRequest request, StreamObserver<ClusterDescription> answer) {
            answer.onNext(ClusterDescription.newBuilder()
                    .addReplicas(ReplicaDescription.newBuilder().setNodeId(0).setAddress(address(whole)))
                    .addReplicas(ReplicaDescription.newBuilder().setNodeId(1).setAddress(address(damaged)))
                    .addReplicas(ReplicaDescription.newBuilder().setNodeId(2).setAddress(SILENT))
                    .build());
            answer.onCompleted();
        }
    }

    @BeforeEach
    void startReplicas() throws IOException {
        whole = start(new Replica(ReplicaStatus.getDefaultInstance()));
        damaged = start(new Replica(ReplicaStatus.newBuilder()
                .addDamagedRanges(DamagedRange.newBuilder()
                        .setFromLsn(4_000)
                        .setToLsn(6_500)
                        .setDetail("the checksum does not fit"))
                // A segment's header, of which no record is part.
                .addDamagedRanges(DamagedRange.newBuilder().setFromLsn(9_000).setToLsn(9_000))
                .build()));
    }

    @AfterEach
    void stopReplicas() {
        whole.shutdownNow();
        damaged.shutdownNow();
    }

    private String status(String... options) throws IOException {
        var leader = start(new Leader());
        var out = new StringWriter();
        try {
            var command = Taffrail.commandLine().setOut(new PrintWriter(out, true));
            var arguments = new ArrayList<>(List.of("cluster", "status", "--server", address(leader)));
            arguments.addAll(List.of(options));
            assertEquals(ExitCode.OK, command.execute(arguments.toArray(String[]::new)));
        } finally {
            leader.shutdownNow();
        }
        return out.toString();
    }

    private static String line(String text, String address) {
        return text.lines().filter(row -> row.contains(address)).findFirst().orElseThrow();
    }

    @Test
    void statusShowsHowMuchOfALogIsDamagedAndWhere() throws IOException {
        var shown = status();
        assertTrue(line(shown, address(damaged)).contains("2 ranges, 2.5 kB"), shown);
        assertTrue(shown.contains("replica 1 is damaged from LSN 4000 to 6500: the checksum does not fit"), shown);
        assertTrue(line(shown, address(whole)).contains("  no  "), shown);
        assertFalse(shown.contains("replica 0 is damaged"), shown);
    }

    /// Nothing is known of it, which is not the same as no damage.
    @Test
    void statusDoesNotCallALogWholeOfWhichItHasNotHeard() throws IOException {
        var shown = status();
        assertTrue(line(shown, SILENT).contains("?"), shown);
        var replicas =
                JsonParser.parseString(status("-o", "json")).getAsJsonObject().getAsJsonArray("replicas");
        assertFalse(replicas.get(2).getAsJsonObject().has("damagedBytes"));
    }

    private static final class Busy extends ControlGrpc.ControlImplBase {
        private final AtomicInteger transfers = new AtomicInteger();
        private final AtomicInteger changes = new AtomicInteger();

        @Override
        public void transferLeadership(
                TransferLeadershipRequest request, StreamObserver<TransferLeadershipResponse> answer) {
            transfers.incrementAndGet();
            answer.onError(notNow());
        }

        @Override
        public void changeVoters(ChangeVotersRequest request, StreamObserver<ChangeVotersResponse> answer) {
            if (changes.incrementAndGet() < 3) {
                answer.onError(notNow());
            } else {
                answer.onNext(ChangeVotersResponse.getDefaultInstance());
                answer.onCompleted();
            }
        }

        private static StatusRuntimeException notNow() {
            var trailers = new Metadata();
            trailers.put(
                    Metadata.Key.of("taffrail-error-bin", Metadata.BINARY_BYTE_MARSHALLER),
                    Error.newBuilder()
                            .setCode(ErrorCode.ERROR_CODE_NOT_NOW)
                            .setMessage("node 1 did not take over")
                            .setRetryable(true)
                            .build()
                            .toByteArray());
            return Status.FAILED_PRECONDITION.asRuntimeException(trailers);
        }
    }

    @Test
    void whatIsRefusedForNowIsTriedAgainUnlessItMayCostAnElection() throws IOException {
        var busy = new Busy();
        var server = start(busy);
        var err = new StringWriter();
        try {
            var command = Taffrail.commandLine().setErr(new PrintWriter(err, true));
            var exitCode = command.execute("cluster", "transfer", "1", "--server", address(server));
            assertEquals(ExitCode.UNAVAILABLE, exitCode);
            assertTrue(err.toString().contains("node 1 did not take over"), err.toString());
            assertEquals(1, busy.transfers.get());
            try (var client = LogClient.connect(address(server))) {
                var _ = client.control().changeVoters(ChangeVotersRequest.getDefaultInstance());
            }
            assertEquals(3, busy.changes.get());
        } finally {
            server.shutdownNow();
        }
    }

    @Test
    void statusTellsProgramsTheSame() throws IOException {
        var replicas =
                JsonParser.parseString(status("-o", "json")).getAsJsonObject().getAsJsonArray("replicas");
        var fields = replicas.get(1).getAsJsonObject();
        assertEquals("2500", fields.get("damagedBytes").getAsString());
        var first = fields.getAsJsonArray("damagedRanges").get(0).getAsJsonObject();
        assertEquals("4000", first.get("fromLsn").getAsString());
        assertEquals("the checksum does not fit", first.get("detail").getAsString());
        assertEquals("0", replicas.get(0).getAsJsonObject().get("damagedBytes").getAsString());
    }
}
