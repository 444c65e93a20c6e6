package io.taffrail.service;

import io.taffrail.service.accept.OpenFiles;
import io.taffrail.service.accept.PortLimit;
import io.taffrail.service.rpc.AnswerBudget;
import io.taffrail.service.rpc.MemoryBudget;
import io.taffrail.service.rpc.RpcLimits;
import io.taffrail.service.rpc.RpcServer;
import io.vertx.core.Vertx;

/// A server of a test's own, on a free port of loopback.
public final class LocalServer {
    public static final RpcLimits LIMITS = new RpcLimits(
            (8 << 20) + (64 << 10),
            30_000,
            16 << 10,
            1_000,
            300_000,
            30_000,
            RpcLimits.PINGS_PER_WINDOW,
            RpcLimits.STREAM_WINDOW_BYTES,
            RpcLimits.CONNECTION_WINDOW_BYTES,
            RpcLimits.WINDOW_UPDATE_RATIO,
            256L << 20,
            RpcLimits.FRAME_BYTES,
            32L << 20,
            20_000,
            256L << 20,
            64L << 20,
            RpcLimits.UNREAD_MILLIS);

    private LocalServer() {}

    public static RpcServer of(Vertx vertx, RpcLimits limits, MemoryBudget budget) {
        return of(vertx, limits, budget, new AnswerBudget(Long.MAX_VALUE));
    }

    public static RpcServer of(Vertx vertx, RpcLimits limits, MemoryBudget budget, AnswerBudget answers) {
        return new RpcServer(vertx, limits, budget, answers, new PortLimit(OpenFiles.PEER_CONNECTIONS, "a test"));
    }

    /// The port.
    public static int listen(RpcServer server, int loops) {
        return RawConnection.await(server.listen("127.0.0.1", 0, loops, null).toCompletionStage());
    }

    /// With all that is on it.
    public static void close(Vertx vertx) {
        RawConnection.await(vertx.close().toCompletionStage());
    }
}
