package io.taffrail.service;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.taffrail.proto.control.ControlGrpc;
import io.taffrail.proto.control.GetStatusRequest;
import io.taffrail.proto.control.State;
import io.taffrail.service.control.ControlGrpcService;
import io.taffrail.service.control.TailMemory;
import io.taffrail.service.host.ReplicaHost;
import io.taffrail.service.peer.PeerCalls;
import io.taffrail.service.peer.PeerClient;
import io.taffrail.service.rpc.MemoryBudget;
import io.taffrail.service.telemetry.ProcessInfo;
import io.taffrail.wal.WalConfig;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What a replica that has not read its log says of its process.
class StatusInRecoveryTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void saysWhetherItFlushes(boolean fsyncDisabled) {
        var vertx = Vertx.vertx();
        var info = new ProcessInfo("test", fsyncDisabled);
        var host = new ReplicaHost(
                0,
                new LogStorage(folder, false, ServiceSettings.IoChoice.SYNC, Runnable::run, info),
                Runnable::run,
                new PeerClient(vertx, 0, null, () -> null, new PeerCalls(() -> null)),
                new Random(1),
                () -> null,
                new PeerPortInRecoveryTest.Nowhere());
        var server = LocalServer.of(vertx, LocalServer.LIMITS.forPeers(), new MemoryBudget(Long.MAX_VALUE));
        new ControlGrpcService(host, info, new TailMemory(WalConfig.defaults(), Long.MAX_VALUE)).register(server);
        var port = LocalServer.listen(server, 1);
        var channel = Grpc.newChannelBuilder("127.0.0.1:" + port, InsecureChannelCredentials.create())
                .build();
        try {
            var status = ControlGrpc.newBlockingStub(channel).getStatus(GetStatusRequest.getDefaultInstance());
            assertEquals(State.STATE_RECOVERING, status.getState());
            assertEquals(fsyncDisabled, status.getFsyncDisabled());
        } finally {
            channel.shutdownNow();
            LocalServer.close(vertx);
        }
    }
}
