package io.taffrail.service.accept;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/// Stands in the listening channel, before what would begin to read from a new connection.
final class AcceptHandler extends ChannelInboundHandlerAdapter {
    private static final long PAUSE_MILLIS = 1_000;

    private final Supplier<PortLimit> limit;
    private final boolean callsAreTold;
    private Runnable resume = () -> {};

    /// @param callsAreTold whether somebody tells a connection's [Place] of calls; else all that it reads is one
    AcceptHandler(Supplier<PortLimit> limit, boolean callsAreTold) {
        this.limit = limit;
        this.callsAreTold = callsAreTold;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        var listening = context.channel();
        resume = () -> listening.eventLoop().execute(() -> listening.config().setAutoRead(true));
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object accepted) {
        if (accepted instanceof Channel channel) {
            var port = limit.get();
            var place = port.admit(channel);
            if (port.pauses(resume)) {
                context.channel().config().setAutoRead(false);
            }
            if (place == null) {
                return;
            }
            if (!callsAreTold) {
                channel.pipeline().addFirst(new FirstBytes(place));
            }
        }
        context.fireChannelRead(accepted);
    }

    /// Mostly that no descriptor is left. Those that wait in the kernel's queue would be tried again without a pause.
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        limit.get().failed(cause);
        var listening = context.channel();
        if (listening.config().isAutoRead()) {
            listening.config().setAutoRead(false);
            var _ = listening
                    .eventLoop()
                    .schedule(() -> listening.config().setAutoRead(true), PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private static final class FirstBytes extends ChannelInboundHandlerAdapter {
        private final Place place;

        FirstBytes(Place place) {
            this.place = place;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object bytes) {
            place.busy();
            place.idle();
            context.pipeline().remove(this);
            context.fireChannelRead(bytes);
        }
    }
}
