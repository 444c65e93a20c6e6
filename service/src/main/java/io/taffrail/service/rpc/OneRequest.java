package io.taffrail.service.rpc;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/// The request of a call that takes one. The call's event loop.
public final class OneRequest<M extends MessageLite> {
    private final RpcCall call;
    private final Parser<M> parser;
    private boolean taken;

    public OneRequest(RpcCall call, Parser<M> parser) {
        this.call = call;
        this.parser = parser;
    }

    /// Null: there was one already, or it cannot be parsed; the call has ended with what is wrong.
    public @Nullable M take(byte[] array, int offset, int length) {
        if (taken) {
            refuse("the method takes one request, a second one came");
            return null;
        }
        taken = true;
        try {
            return parser.parseFrom(array, offset, length);
        } catch (InvalidProtocolBufferException malformed) {
            refuse("the request cannot be parsed: " + malformed.getMessage());
            return null;
        }
    }

    /// The client sends no more.
    public void halfClosed() {
        if (!taken) {
            refuse("the call ended without a request");
        }
    }

    private void refuse(String why) {
        call.end(RpcStatus.of(Status.Code.INVALID_ARGUMENT, why));
    }
}
