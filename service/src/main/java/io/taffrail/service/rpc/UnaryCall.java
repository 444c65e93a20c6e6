package io.taffrail.service.rpc;

import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.grpc.Status;
import java.util.function.BiConsumer;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// A call with one request, in generated messages. Answers may come from any thread; the first counts.
public final class UnaryCall implements RpcListener {
    private static final Logger LOG = Logger.getLogger(UnaryCall.class);
    /// Of what is larger only so much is made as there is room for.
    private static final int SMALL_BYTES = 16 << 10;

    private final RpcCall call;
    private final Handling<?> handling;
    private @Nullable RpcStatus onDeadline;
    private @Nullable RpcStatus onNoRoom;

    /// A request of some kind, and who takes it.
    private record Handling<Q extends MessageLite>(OneRequest<Q> one, BiConsumer<Q, UnaryCall> handler) {
        void message(UnaryCall unary, byte[] array, int offset, int length) {
            var request = one.take(array, offset, length);
            if (request != null) {
                handler.accept(request, unary);
            }
        }
    }

    private UnaryCall(RpcCall call, Handling<?> handling) {
        this.call = call;
        this.handling = handling;
    }

    /// `handler` runs on the event loop: it hands over and returns.
    public static <Q extends MessageLite> RpcMethod method(Parser<Q> parser, BiConsumer<Q, UnaryCall> handler) {
        return call -> new UnaryCall(call, new Handling<>(new OneRequest<>(call, parser), handler));
    }

    /// How the call ends when its time is over before an answer came.
    public void onDeadline(RpcStatus status) {
        onDeadline = status;
    }

    /// How the call ends when there is no room for its answer; without it, as one of which nothing was done.
    public void onNoRoom(RpcStatus status) {
        onNoRoom = status;
    }

    /// Refuses instead if there is no room for a large one.
    public void answer(MessageLite message) {
        var bytes = message.getSerializedSize();
        var large = bytes > SMALL_BYTES;
        if (large && !call.answers().take(bytes)) {
            refuse(onNoRoom != null ? onNoRoom : RpcStatus.noRoom(call.answers().budget()));
            return;
        }
        var frames = new FrameBuffer(bytes + 16);
        frames.message(message.toByteArray());
        run(() -> call.end(frames, large ? bytes : 0));
    }

    public void refuse(RpcStatus status) {
        run(() -> call.end(status));
    }

    /// For what is to answer the call, and runs where the call does not guard it: what fails there refuses the call.
    public void guarded(Runnable answering) {
        try {
            answering.run();
        } catch (RuntimeException broken) {
            LOG.errorf(broken, "call of %s failed", call.remoteAddress());
            refuse(RpcCall.BROKEN);
        }
    }

    public RpcCall call() {
        return call;
    }

    private void run(Runnable task) {
        if (call.eventLoop().inEventLoop()) {
            task.run();
        } else {
            call.eventLoop().execute(task);
        }
    }

    @Override
    public void message(byte[] array, int offset, int length) {
        if (call.answers().budget().exceeded()) {
            call.end(RpcStatus.noRoom(call.answers().budget()));
            return;
        }
        handling.message(this, array, offset, length);
    }

    @Override
    public void halfClosed() {
        handling.one().halfClosed();
    }

    @Override
    public void closed() {}

    @Override
    public void deadlineExceeded() {
        call.end(onDeadline != null ? onDeadline : RpcStatus.of(Status.Code.DEADLINE_EXCEEDED, "the deadline is over"));
    }

    @Override
    public void writable() {}
}
