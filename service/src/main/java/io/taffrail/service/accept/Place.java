package io.taffrail.service.accept;

import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import org.jspecify.annotations.Nullable;

/// One connection's place among those of its port. It keeps the place while it is busy; otherwise it may have to give
/// it to a new one. The event loop of the connection only, except where a method says otherwise.
public final class Place {
    private static final AttributeKey<Place> OF_CHANNEL = AttributeKey.valueOf(Place.class, "place");

    private final PortLimit port;
    private final Channel channel;
    private boolean known;
    private volatile boolean busy;
    private boolean gone;

    Place(PortLimit port, Channel channel) {
        this.port = port;
        this.channel = channel;
        channel.attr(OF_CHANNEL).set(this);
    }

    /// Null: the port has no limit.
    public static @Nullable Place of(Channel channel) {
        return channel.attr(OF_CHANNEL).get();
    }

    /// It has a call now.
    public void busy() {
        busy = true;
        if (!known) {
            known = true;
            port.isKnown(this);
        }
    }

    /// It has no call any more.
    public void idle() {
        busy = false;
    }

    /// Any thread: the answer may be an old one.
    boolean isBusy() {
        return busy;
    }

    /// The port's, under its lock: the connection is closed and counts no more.
    boolean isGone() {
        return gone;
    }

    void setGone() {
        gone = true;
    }

    Channel channel() {
        return channel;
    }
}
