package io.taffrail.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.stub.MetadataUtils;
import io.taffrail.proto.replication.Frame;
import io.taffrail.proto.replication.ReplicationGrpc;
import io.taffrail.service.host.ReplicaHost;
import io.taffrail.service.peer.PeerCalls;
import io.taffrail.service.peer.PeerClient;
import io.taffrail.service.peer.PeerServer;
import io.taffrail.service.rpc.MemoryBudget;
import io.taffrail.service.telemetry.ProcessInfo;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The replication port of a replica that has not read its log.
class PeerPortInRecoveryTest {
    @TempDir
    Path folder;

    static final class Nowhere implements ReplicaHost.Failures {
        @Override
        public void storageFailed(String message) {}

        @Override
        public void halted(String message) {}

        @Override
        public void broken(Throwable cause) {}
    }

    @Test
    void nobodyIsAnImpostorUntilTheLogIsRead() throws Exception {
        var vertx = Vertx.vertx();
        var calls = new PeerCalls(() -> null);
        var host = new ReplicaHost(
                0,
                new LogStorage(
                        folder, false, ServiceSettings.IoChoice.SYNC, Runnable::run, new ProcessInfo("test", false)),
                Runnable::run,
                new PeerClient(vertx, 0, null, () -> null, calls),
                new Random(1),
                () -> null,
                new Nowhere());
        var server = LocalServer.of(vertx, LocalServer.LIMITS.forPeers(), new MemoryBudget(Long.MAX_VALUE));
        new PeerServer(host, (nodeId, call) -> false, calls).register(server);
        var port = LocalServer.listen(server, 1);
        var channel = Grpc.newChannelBuilder("127.0.0.1:" + port, InsecureChannelCredentials.create())
                .build();
        try {
            var headers = new Metadata();
            headers.put(Metadata.Key.of("taffrail-node-id", Metadata.ASCII_STRING_MARSHALLER), "7");
            var ended = new ReplySink<Frame>();
            var _ = ReplicationGrpc.newStub(channel)
                    .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
                    .exchange(ended);
            var failure = ended.awaitEnd();
            assertNotNull(failure);
            assertEquals(Status.Code.UNAVAILABLE, Status.fromThrowable(failure).getCode());
        } finally {
            channel.shutdownNow();
            LocalServer.close(vertx);
        }
    }
}
