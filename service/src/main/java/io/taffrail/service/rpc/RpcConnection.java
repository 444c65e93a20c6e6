package io.taffrail.service.rpc;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.taffrail.service.accept.Place;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.impl.Http2ServerConnection;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// What is known of one client's connection: how much of its requests is being worked on, and how it behaves. Its
/// event loop only.
final class RpcConnection {
    private static final Logger LOG = Logger.getLogger(RpcConnection.class);
    private static final long ENHANCE_YOUR_CALM = 0xb;
    /// A connection with calls whose ping is not answered within so many intervals is taken for dead.
    private static final int UNANSWERED_PINGS = 3;
    /// After which a client that takes nothing is not taken for a slow one any more.
    private static final int LOOKS_IN_VAIN = 3;

    /// About what a request's objects take beside its bytes: small ones are mostly that.
    private static final int OBJECTS_BYTES = 512;

    private final Http2ServerConnection http;
    private final RpcLimits limits;
    private final MemoryBudget budget;
    private final AnswerBudget.Share answers;
    private final @Nullable Place place;
    private final ArrayDeque<RpcCall> waiting = new ArrayDeque<>();
    /// Those that are open, or of whose answers something has not left.
    private final Set<RpcCall> calls = new HashSet<>();
    private int openCalls;
    private long inFlightBytes;
    private int inFlightCount;
    private long idleSinceNanos = System.nanoTime();
    private long pingWindowStartNanos = idleSinceNanos;
    private int pingsInWindow;
    private int unansweredPings;
    /// Done once the socket has taken all that was written before it.
    private @Nullable ChannelFuture probe;

    private int looksAtProbe;

    RpcConnection(
            Http2ServerConnection http,
            RpcLimits limits,
            MemoryBudget budget,
            AnswerBudget.Share answers,
            @Nullable Place place) {
        this.http = http;
        this.limits = limits;
        this.budget = budget;
        this.answers = answers;
        this.place = place;
        http.pingHandler(data -> pinged());
    }

    void callOpened(RpcCall call) {
        calls.add(call);
        openCalls++;
        if (openCalls == 1 && place != null) {
            place.busy();
        }
    }

    void callClosed() {
        openCalls--;
        idleSinceNanos = System.nanoTime();
        if (openCalls == 0 && place != null) {
            place.idle();
        }
    }

    /// It is closed, and nothing of its answers is left.
    void callDone(RpcCall call) {
        calls.remove(call);
    }

    /// Any thread.
    AnswerBudget.Share answers() {
        return answers;
    }

    /// Gives up what the client has taken nothing of for a few looks. Any thread.
    void giveUpUnread() {
        if (!answers.keepsSomebodyWaiting()) {
            return;
        }
        http.channelHandlerContext().executor().execute(() -> {
            var unread = calls.stream()
                    .filter(call -> call.looksInVain() >= LOOKS_IN_VAIN)
                    .toList();
            var socketTakesNothing = socketTakesNothing();
            if (unread.isEmpty()) {
                return;
            }
            // All calls share what the client takes, so that none of many large answers may have left for long: with
            // fewer the others get on.
            var ended = socketTakesNothing ? unread.size() : (unread.size() + 1) / 2;
            LOG.infof(
                    "%s reads nothing of %s calls' answers, which others need the memory of: %s ended",
                    http.remoteAddress(), unread.size(), ended);
            if (socketTakesNothing) {
                // Resets would not leave either, and the answers stay until they do.
                var channel = http.channelHandlerContext().channel();
                channel.unsafe().close(channel.voidPromise());
            } else {
                unread.subList(0, ended).forEach(RpcCall::giveUp);
            }
        });
    }

    private boolean socketTakesNothing() {
        if (probe == null || probe.isDone()) {
            probe = http.channelHandlerContext().writeAndFlush(Unpooled.EMPTY_BUFFER);
            looksAtProbe = 0;
        } else {
            looksAtProbe++;
        }
        return looksAtProbe >= LOOKS_IN_VAIN;
    }

    int openCalls() {
        return openCalls;
    }

    void hold(int bytes) {
        inFlightBytes += bytes;
        inFlightCount++;
        budget.hold(bytes + OBJECTS_BYTES);
    }

    void release(int bytes) {
        inFlightBytes -= bytes;
        inFlightCount--;
        budget.release(bytes + OBJECTS_BYTES);
        // Half, so that a connection at its limit is not stopped and started at every message.
        while (inFlightBytes <= limits.inFlightBytes() / 2
                && inFlightCount <= limits.inFlightCount() / 2
                && !waiting.isEmpty()) {
            waiting.remove().roomAgain();
        }
    }

    boolean full() {
        return inFlightBytes >= limits.inFlightBytes() || inFlightCount >= limits.inFlightCount();
    }

    /// Resumes the call when this connection has less in flight.
    void whenRoom(RpcCall call) {
        waiting.add(call);
    }

    /// Clients measure the way to us with a ping for what we send, however much that is: their pings count anew.
    void written() {
        pingsInWindow = 0;
    }

    private void pinged() {
        var now = System.nanoTime();
        if (now - pingWindowStartNanos > TimeUnit.MILLISECONDS.toNanos(RpcLimits.PING_WINDOW_MILLIS)) {
            pingWindowStartNanos = now;
            pingsInWindow = 0;
        }
        pingsInWindow++;
        if (pingsInWindow == limits.pingsPerWindow()) {
            http.goAway(ENHANCE_YOUR_CALM);
            http.close();
        }
    }

    /// Every `pingMillis`: lets idle connections go and finds half-open ones.
    void checkLife() {
        if (openCalls == 0) {
            if (System.nanoTime() - idleSinceNanos > TimeUnit.MILLISECONDS.toNanos(limits.idleMillis())) {
                http.shutdown(limits.pingMillis(), TimeUnit.MILLISECONDS);
            }
            return;
        }
        if (unansweredPings >= UNANSWERED_PINGS) {
            http.close();
            return;
        }
        unansweredPings++;
        var payload = Buffer.buffer(Long.BYTES).appendLong(0);
        http.ping(payload).onSuccess(answer -> unansweredPings = 0);
    }
}
