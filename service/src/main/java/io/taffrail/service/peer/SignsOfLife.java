package io.taffrail.service.peer;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.impl.ConnectionBase;

/// Whether a connection brings anything: answers to pings, and window updates, which a peer sends while it takes what
/// is sent to it. Counted by looks and not by the clock: a process that itself had no time has asked nothing
/// meanwhile, and finds at its next look that it was silent for long, whoever is there.
final class SignsOfLife extends ChannelInboundHandlerAdapter {
    private volatile boolean heard = true;
    private int silentLooks;

    private SignsOfLife() {}

    /// From now on. On the event loop of the connection.
    static SignsOfLife on(HttpConnection connection) {
        var pipeline = ((ConnectionBase) connection).channelHandlerContext().pipeline();
        var before = pipeline.get(SignsOfLife.class);
        if (before != null) {
            before.heard = true;
            return before;
        }
        var signs = new SignsOfLife();
        pipeline.addFirst(signs);
        return signs;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object bytes) {
        heard = true;
        context.fireChannelRead(bytes);
    }

    /// How many looks in a row, this one included, have found nothing. One thread at a time.
    int look() {
        silentLooks = heard ? 0 : silentLooks + 1;
        heard = false;
        return silentLooks;
    }
}
