package io.taffrail.service.accept;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// How many connections a port may have open, from the moment the kernel hands them over: each is a file descriptor,
/// whether it ever says anything or not, and the log needs descriptors too.
///
/// When all places are taken a new connection gets that of one without a call: of those that never had one the oldest,
/// else one that has none now. So whoever opens connections and says nothing shuts nobody out. If all have calls the
/// new one is closed at once. Any thread.
public final class PortLimit {
    private static final Logger LOG = Logger.getLogger(PortLimit.class);
    /// Open beyond the limit for a while: those that are to leave and are still there, since an event loop may be
    /// slow to close them, and those that got a call just before they were closed, and stay. Their descriptors are
    /// in use.
    static final int MOST_BEYOND = 32;
    /// So many that are to leave, and no connection is accepted until half of them are gone: what Netty accepts in
    /// one go is still shown to us after that.
    private static final int PAUSE_AT = 16;
    /// Known connections that are looked at for one new one.
    private static final int MOST_LOOKED_AT = 64;

    private static final long TELL_EVERY_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final int connections;
    private final String reason;
    private final LongSupplier nanoTime;
    private final LinkedHashSet<Place> silent = new LinkedHashSet<>();
    private final LinkedHashSet<Place> known = new LinkedHashSet<>();
    private final List<Runnable> paused = new ArrayList<>();
    private int leaving;
    private long refused;
    private long displaced;
    private long toldRefused;
    private long toldDisplaced;
    private long toldNanos;

    /// @param reason why no more than `connections` may be open, for the log
    public PortLimit(int connections, String reason) {
        this(connections, reason, System::nanoTime);
    }

    PortLimit(int connections, String reason, LongSupplier nanoTime) {
        this.connections = connections;
        this.reason = reason;
        this.nanoTime = nanoTime;
        toldNanos = nanoTime.getAsLong() - TELL_EVERY_NANOS;
    }

    /// Null: there is no place, and the connection has been closed. Not yet registered with an event loop.
    @Nullable
    Place admit(Channel channel) {
        Place left = null;
        Place admitted = null;
        String told;
        synchronized (this) {
            var beyond = silent.size() + known.size() - connections;
            var full = beyond >= 0;
            if (full && beyond + leaving < MOST_BEYOND) {
                left = toLeave();
            }
            if (left == null && full) {
                refused++;
            } else {
                admitted = new Place(this, channel);
                silent.add(admitted);
            }
            if (left != null) {
                displaced++;
                leaving++;
            }
            told = full ? whatHappened(channel) : null;
        }
        if (told != null) {
            LOG.warn(told);
        }
        if (left != null) {
            leave(left);
        }
        if (admitted == null) {
            // A reset, so that nothing of it is left in the kernel either.
            var _ = channel.config().setOption(ChannelOption.SO_LINGER, 0);
            channel.unsafe().closeForcibly();
        } else {
            var place = admitted;
            channel.closeFuture().addListener(closed -> closed(place));
        }
        return admitted;
    }

    private @Nullable Place toLeave() {
        var oldest = silent.iterator();
        if (oldest.hasNext()) {
            var place = oldest.next();
            oldest.remove();
            return place;
        }
        for (var looks = Math.min(MOST_LOOKED_AT, known.size()); looks > 0; looks--) {
            var place = known.removeFirst();
            if (!place.isBusy()) {
                return place;
            }
            known.addLast(place);
        }
        return null;
    }

    /// On its own event loop, where no call can begin meanwhile.
    private void leave(Place place) {
        EventLoop loop;
        try {
            loop = place.channel().eventLoop();
        } catch (IllegalStateException none) {
            // None took it, as happens when the port is being closed.
            closed(place);
            return;
        }
        loop.execute(() -> {
            if (!place.isBusy() || !stays(place)) {
                var _ = place.channel().close();
            }
        });
    }

    private boolean stays(Place place) {
        List<Runnable> resumed;
        synchronized (this) {
            if (place.isGone()) {
                return false;
            }
            displaced--;
            known.addLast(place);
            resumed = oneLeavesLess();
        }
        resumed.forEach(Runnable::run);
        return true;
    }

    private List<Runnable> oneLeavesLess() {
        leaving--;
        if (leaving > PAUSE_AT / 2 || paused.isEmpty()) {
            return List.of();
        }
        var resumed = List.copyOf(paused);
        paused.clear();
        return resumed;
    }

    /// Whether nothing more is to be accepted until `resume` is called, from any thread.
    synchronized boolean pauses(Runnable resume) {
        if (leaving < PAUSE_AT) {
            return false;
        }
        if (!paused.contains(resume)) {
            paused.add(resume);
        }
        return true;
    }

    synchronized void isKnown(Place place) {
        if (silent.remove(place)) {
            known.addLast(place);
        }
    }

    private void closed(Place place) {
        List<Runnable> resumed;
        synchronized (this) {
            if (place.isGone()) {
                return;
            }
            place.setGone();
            resumed = silent.remove(place) || known.remove(place) ? List.of() : oneLeavesLess();
        }
        resumed.forEach(Runnable::run);
    }

    private @Nullable String whatHappened(Channel last) {
        var now = nanoTime.getAsLong();
        if (now - toldNanos < TELL_EVERY_NANOS) {
            return null;
        }
        var text =
                "port %s: all %s connections that it may have are taken (%s); since it was last told %s without a call were closed for new ones, and %s new ones because all had calls; the last is from %s"
                        .formatted(
                                portOf(last),
                                connections,
                                reason,
                                displaced - toldDisplaced,
                                refused - toldRefused,
                                last.remoteAddress());
        toldNanos = now;
        toldDisplaced = displaced;
        toldRefused = refused;
        return text;
    }

    private static int portOf(Channel channel) {
        return channel.localAddress() instanceof InetSocketAddress here ? here.getPort() : 0;
    }

    /// The listening channel could not accept.
    void failed(Throwable cause) {
        synchronized (this) {
            var now = nanoTime.getAsLong();
            if (now - toldNanos < TELL_EVERY_NANOS) {
                return;
            }
            toldNanos = now;
        }
        LOG.errorf("a connection cannot be accepted: %s", cause.getMessage());
    }

    public int connections() {
        return connections;
    }

    /// Those that are closing included.
    public synchronized int open() {
        return silent.size() + known.size() + leaving;
    }

    /// New connections that were closed at once.
    public synchronized long refused() {
        return refused;
    }

    /// Connections without a call that were closed for new ones.
    public synchronized long displaced() {
        return displaced;
    }
}
