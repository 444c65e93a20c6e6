package io.taffrail.service.rpc;

import io.grpc.Status;
import io.netty.util.concurrent.EventExecutor;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.net.SocketAddress;
import java.security.cert.Certificate;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// One call, on its server side. The event loop of its connection only, except where a method says otherwise.
///
/// A paused call keeps what has arrived and gives no flow-control credit back, so a client that is not listened to
/// stops at its window. Answers are not queued here without limit either: who writes looks at [#writable].
public final class RpcCall {
    private static final Logger LOG = Logger.getLogger(RpcCall.class);
    private static final long NO_TIMER = -1;
    /// After an answer that did not wait for the client's end, the client may finish for so long before it is reset.
    private static final long LINGER_MILLIS = 5_000;

    private static final long HTTP2_NO_ERROR = 0;
    /// gRPC makes RESOURCE_EXHAUSTED of it.
    private static final long HTTP2_ENHANCE_YOUR_CALM = 0xb;
    /// About what the objects of an answer take beside its bytes.
    private static final int OBJECTS_BYTES = 512;
    /// So far from what an answer takes it is not worth it to change what was taken for it.
    private static final int GUESSED_WELL_BYTES = 4 << 10;

    static final RpcStatus BROKEN =
            RpcStatus.of(Status.Code.INTERNAL, "the server failed to handle the request; its log says why");

    private final Vertx vertx;
    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final EventExecutor eventLoop;
    private final RpcConnection connection;
    private final RpcLimits limits;
    private final MemoryBudget budget;
    private final AnswerBudget.Share answers;
    private final MessageDeframer deframer;

    private @Nullable RpcListener listener;
    private boolean pausedByLimits;
    private int ownersPauses;
    private boolean flowStopped;
    private boolean pumping;
    private boolean requestEnded;
    private boolean halfClosedTold;
    private volatile boolean closed;
    private boolean headersSet;
    private long deadlineTimer = NO_TIMER;
    private long partialTimer = NO_TIMER;
    private long partialSinceNanos;
    private int partialBytesHeld;
    private int unleftAnswers;
    private long leftAnswers;
    /// How many had left when it was last asked and some had not.
    private long leftAnswersBefore = -1;
    private int looksInVain;

    RpcCall(
            Vertx vertx,
            HttpServerRequest request,
            EventExecutor eventLoop,
            RpcConnection connection,
            RpcLimits limits,
            MemoryBudget budget,
            int maxMessageBytes) {
        this.vertx = vertx;
        this.request = request;
        this.response = request.response();
        this.eventLoop = eventLoop;
        this.connection = connection;
        this.limits = limits;
        this.budget = budget;
        this.answers = connection.answers();
        this.deframer = new MessageDeframer(maxMessageBytes);
    }

    void begin(RpcMethod method) {
        connection.callOpened(this);
        response.exceptionHandler(failure -> close());
        request.exceptionHandler(failure -> close());
        response.closeHandler(gone -> close());
        long timeoutMillis;
        try {
            timeoutMillis = GrpcTimeout.millis(request.getHeader("grpc-timeout"));
        } catch (IllegalArgumentException malformed) {
            end(RpcStatus.of(Status.Code.INVALID_ARGUMENT, String.valueOf(malformed.getMessage())));
            return;
        }
        listener = method.accept(this);
        if (closed) {
            listener.closed();
            return;
        }
        if (timeoutMillis == 0) {
            deadlineExceeded();
            return;
        }
        if (timeoutMillis > 0) {
            deadlineTimer = vertx.setTimer(timeoutMillis, fired -> deadlineExceeded());
        }
        response.drainHandler(drained -> {
            if (!closed && listener != null) {
                listener.writable();
            }
        });
        request.handler(this::chunkArrived);
        request.endHandler(ended -> {
            requestEnded = true;
            pump();
        });
        pauseIfFull();
    }

    private void deadlineExceeded() {
        if (!closed && listener != null) {
            listener.deadlineExceeded();
        }
    }

    // Vert.x 5 takes the method away; 4 has no other way to look at the bytes without a copy.
    @SuppressWarnings("deprecation")
    private void chunkArrived(Buffer chunk) {
        if (closed) {
            return;
        }
        var bytes = chunk.getByteBuf();
        if (bytes.hasArray()) {
            var from = bytes.arrayOffset() + bytes.readerIndex();
            deframer.add(bytes.array(), from, from + bytes.readableBytes());
        } else {
            deframer.add(chunk.getBytes(), 0, chunk.length());
        }
        pump();
        flowIfNotPaused();
    }

    private void pump() {
        if (pumping || listener == null) {
            return;
        }
        pumping = true;
        try {
            while (!paused() && !closed) {
                switch (deframer.next()) {
                    case MESSAGE -> {
                        accountPartial(0);
                        listener.message(deframer.array(), deframer.offset(), (int) deframer.length());
                    }
                    case NEEDS_MORE -> {
                        moreNeeded();
                        return;
                    }
                    case TOO_LARGE -> end(RpcStatus.tooLarge(deframer.length(), deframer.maxMessageBytes()));
                    case COMPRESSED ->
                        end(RpcStatus.of(
                                Status.Code.UNIMPLEMENTED,
                                "compressed messages are not supported: send grpc-encoding identity"));
                }
            }
        } catch (RuntimeException broken) {
            LOG.errorf(broken, "call %s of %s failed", request.path(), remoteAddress());
            end(BROKEN);
        } finally {
            pumping = false;
        }
    }

    private void moreNeeded() {
        if (requestEnded) {
            if (deframer.hasPartial()) {
                end(RpcStatus.of(Status.Code.INVALID_ARGUMENT, "the call ended within a message"));
            } else if (!halfClosedTold && listener != null) {
                halfClosedTold = true;
                listener.halfClosed();
            }
            return;
        }
        if (!deframer.hasPartial()) {
            return;
        }
        if (partialBytesHeld == 0) {
            partialSinceNanos = System.nanoTime();
        }
        accountPartial(deframer.partialBytes());
        if (partialBytesHeld > 0 && budget.exceeded()) {
            // Not paused instead: half-received messages that wait for each other would hold the memory for ever.
            end(RpcStatus.of(
                    Status.Code.RESOURCE_EXHAUSTED,
                    "requests of all clients hold " + budget.heldBytes() + " bytes, at most " + budget.limitBytes()
                            + " are allowed: retry later"));
        } else if (partialTimer == NO_TIMER) {
            partialTimer = vertx.setTimer(limits.partialMessageMillis(), fired -> partialIsLate());
        }
    }

    private void partialIsLate() {
        partialTimer = NO_TIMER;
        if (closed || !deframer.hasPartial()) {
            return;
        }
        var waitedMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - partialSinceNanos);
        if (paused() || waitedMillis < limits.partialMessageMillis()) {
            partialTimer = vertx.setTimer(
                    Math.max(1, limits.partialMessageMillis() - waitedMillis % limits.partialMessageMillis()),
                    fired -> partialIsLate());
            return;
        }
        end(RpcStatus.of(
                Status.Code.DEADLINE_EXCEEDED,
                "a message began and was not complete after " + limits.partialMessageMillis() + " ms"));
    }

    private void accountPartial(int bytes) {
        if (bytes > partialBytesHeld) {
            budget.hold(bytes - partialBytesHeld);
        } else if (bytes < partialBytesHeld) {
            budget.release(partialBytesHeld - bytes);
        }
        partialBytesHeld = bytes;
    }

    /// Takes a message into account that is being worked on, and stops reading if that is too much. Every call is
    /// followed by one of [#release], also after the call has ended.
    public void hold(int bytes) {
        connection.hold(bytes);
        pauseIfFull();
    }

    private void pauseIfFull() {
        if (pausedByLimits || closed) {
            return;
        }
        if (connection.full()) {
            pausedByLimits = true;
            connection.whenRoom(this);
        } else if (budget.exceeded()) {
            pausedByLimits = true;
            budget.whenRoom(() -> eventLoop.execute(this::roomAgain));
        }
        stopIfPaused();
    }

    /// There is room under the limits.
    void roomAgain() {
        pausedByLimits = false;
        readOn();
    }

    public void release(int bytes) {
        connection.release(bytes);
    }

    /// Stops reading, until [#resume] was called as often.
    public void pause() {
        ownersPauses++;
        stopIfPaused();
    }

    public void resume() {
        if (ownersPauses == 0) {
            throw new IllegalStateException("resumed more often than paused");
        }
        ownersPauses--;
        readOn();
    }

    private boolean paused() {
        return ownersPauses > 0 || pausedByLimits;
    }

    private void readOn() {
        // Within `pump` the loop there goes on by itself, and its caller lets the request flow again.
        if (!paused() && !closed && !pumping) {
            pump();
            flowIfNotPaused();
        }
    }

    private void stopIfPaused() {
        if (paused() && !flowStopped && !requestEnded && !closed) {
            flowStopped = true;
            request.pause();
        }
    }

    private void flowIfNotPaused() {
        if (flowStopped && !paused() && !closed && !requestEnded) {
            flowStopped = false;
            request.resume();
        }
    }

    /// False: the client does not read as fast as it is written to. [RpcListener#writable] tells when it does.
    public boolean writable() {
        return !closed && !response.writeQueueFull();
    }

    /// Where large answers ask for room before they are made. Any thread.
    public AnswerBudget.Share answers() {
        return answers;
    }

    /// Sends messages, in one piece.
    public void write(FrameBuffer frames) {
        write(frames, 0);
    }

    /// @param takenBytes from [#answers] for these; given back also where the call is over
    public void write(FrameBuffer frames, long takenBytes) {
        if (closed || frames.isEmpty()) {
            giveBack(takenBytes);
            return;
        }
        setHeaders();
        connection.written();
        var bytes = held(frames, takenBytes);
        response.write(frames.take()).onComplete(_ -> left(bytes, takenBytes > 0));
    }

    public void end(FrameBuffer frames) {
        end(frames, 0);
    }

    /// @param takenBytes from [#answers] for these; given back also where the call is over
    public void end(FrameBuffer frames, long takenBytes) {
        if (closed) {
            giveBack(takenBytes);
            return;
        }
        setHeaders();
        response.putTrailer("grpc-status", "0");
        if (frames.isEmpty()) {
            giveBack(takenBytes);
            response.end();
        } else {
            var bytes = held(frames, takenBytes);
            response.end(frames.take()).onComplete(_ -> left(bytes, takenBytes > 0));
        }
        ended();
    }

    private void giveBack(long takenBytes) {
        if (takenBytes > 0) {
            answers.release(takenBytes);
        }
    }

    /// Bytes of it in the budget, from now on until it has left.
    private long held(FrameBuffer frames, long takenBytes) {
        unleftAnswers++;
        var bytes = (long) frames.memoryBytes() + OBJECTS_BYTES;
        if (takenBytes == 0) {
            answers.budget().hold(bytes);
        } else if (Math.abs(takenBytes - bytes) < GUESSED_WELL_BYTES) {
            return takenBytes;
        } else {
            answers.release(takenBytes - bytes);
        }
        return bytes;
    }

    /// The kernel has it, or it never will.
    private void left(long bytes, boolean large) {
        unleftAnswers--;
        leftAnswers++;
        if (large) {
            answers.release(bytes);
        } else {
            answers.budget().release(bytes);
        }
        doneIfNothingLeft();
    }

    private void doneIfNothingLeft() {
        if (closed && unleftAnswers == 0) {
            connection.callDone(this);
        }
    }

    /// How often in a row, up to now, whoever asks this has found that none of its answers had left since, and one is
    /// to.
    int looksInVain() {
        looksInVain = unleftAnswers > 0 && leftAnswers == leftAnswersBefore ? looksInVain + 1 : 0;
        leftAnswersBefore = leftAnswers;
        return looksInVain;
    }

    /// Gives the memory of its answers back.
    void giveUp() {
        response.reset(HTTP2_ENHANCE_YOUR_CALM);
    }

    public void end(RpcStatus status) {
        if (closed) {
            return;
        }
        // Trailers-only while nothing was sent: the status is then in the one header block.
        var trailers = headersSet ? response.trailers() : response.headers();
        setHeaders();
        putStatus(trailers, status);
        response.end();
        ended();
    }

    private static void putStatus(MultiMap trailers, RpcStatus status) {
        trailers.set("grpc-status", Integer.toString(status.code().value()));
        if (!status.message().isEmpty()) {
            trailers.set("grpc-message", status.encodedMessage());
        }
        var error = status.encodedError();
        if (error != null) {
            trailers.set(RpcStatus.ERROR_TRAILER, error);
        }
    }

    /// Goes with what is answered first; ignored later.
    public void answerHeader(String name, String value) {
        if (!closed && !headersSet) {
            response.putHeader(name, value);
        }
    }

    /// Tells the client that its call is taken, before there is anything to answer.
    public void sendHeaders() {
        if (!closed && !headersSet) {
            setHeaders();
            response.writeHead();
        }
    }

    private void setHeaders() {
        if (!headersSet) {
            headersSet = true;
            response.putHeader("content-type", "application/grpc");
        }
    }

    private void ended() {
        close();
        if (requestEnded) {
            return;
        }
        // What the client still sends is thrown away, for a while: without a reset it might never stop.
        request.handler(rest -> {});
        request.endHandler(ended -> requestEnded = true);
        request.resume();
        vertx.setTimer(LINGER_MILLIS, fired -> {
            if (!requestEnded && !response.closed()) {
                response.reset(HTTP2_NO_ERROR);
            }
        });
    }

    private void close() {
        if (closed) {
            return;
        }
        closed = true;
        accountPartial(0);
        cancelTimer(deadlineTimer);
        cancelTimer(partialTimer);
        connection.callClosed();
        doneIfNothingLeft();
        if (listener != null) {
            listener.closed();
        }
    }

    private void cancelTimer(long timer) {
        if (timer != NO_TIMER) {
            vertx.cancelTimer(timer);
        }
    }

    /// Any thread.
    public boolean closed() {
        return closed;
    }

    public @Nullable String header(String name) {
        return request.getHeader(name);
    }

    public SocketAddress remoteAddress() {
        return request.remoteAddress();
    }

    /// Of the client, leaf first; empty without mTLS.
    public List<Certificate> peerCertificates() {
        try {
            return request.isSSL() ? request.connection().peerCertificates() : List.of();
        } catch (SSLPeerUnverifiedException none) {
            return List.of();
        }
    }

    /// Any thread.
    public EventExecutor eventLoop() {
        return eventLoop;
    }

    /// Any thread.
    public Vertx vertx() {
        return vertx;
    }
}
