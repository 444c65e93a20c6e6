package io.taffrail.service.peer;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.impl.ConnectionBase;

/// When a connection last brought anything: answers to pings, and window updates, which a peer sends while it takes
/// what is sent to it.
final class SignsOfLife extends ChannelInboundHandlerAdapter {
    private volatile long heardNanos = System.nanoTime();

    private SignsOfLife() {}

    /// From now on. On the event loop of the connection.
    static SignsOfLife on(HttpConnection connection) {
        var pipeline = ((ConnectionBase) connection).channelHandlerContext().pipeline();
        var before = pipeline.get(SignsOfLife.class);
        if (before != null) {
            before.heardNanos = System.nanoTime();
            return before;
        }
        var signs = new SignsOfLife();
        pipeline.addFirst(signs);
        return signs;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object bytes) {
        heardNanos = System.nanoTime();
        context.fireChannelRead(bytes);
    }

    long silentMillis() {
        return (System.nanoTime() - heardNanos) / 1_000_000;
    }
}
