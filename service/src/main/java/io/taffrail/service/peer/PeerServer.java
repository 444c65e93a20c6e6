package io.taffrail.service.peer;

import com.google.protobuf.CodedInputStream;
import io.grpc.Status;
import io.taffrail.service.host.ReplicaHost;
import io.taffrail.service.rpc.IgnoringListener;
import io.taffrail.service.rpc.RpcCall;
import io.taffrail.service.rpc.RpcListener;
import io.taffrail.service.rpc.RpcServer;
import io.taffrail.service.rpc.RpcStatus;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.BiPredicate;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Takes in the frames of the other replicas, and hands them to the replica in the order in which they were sent.
public final class PeerServer {
    private static final Logger LOG = Logger.getLogger(PeerServer.class);

    private final ReplicaHost host;
    private final BiPredicate<Integer, RpcCall> authentic;
    private final PeerCalls calls;

    /// @param authentic whether the call's certificate is that of the node; always true without mTLS
    public PeerServer(ReplicaHost host, BiPredicate<Integer, RpcCall> authentic, PeerCalls calls) {
        this.host = host;
        this.authentic = authentic;
        this.calls = calls;
    }

    public void register(RpcServer server) {
        server.bulkMethod(PeerProtocol.METHOD, this::accept);
    }

    private RpcListener accept(RpcCall call) {
        int nodeId;
        try {
            nodeId = Integer.parseInt(String.valueOf(call.header(PeerProtocol.NODE_ID_HEADER)));
        } catch (NumberFormatException absent) {
            return refuse(call, Status.Code.INVALID_ARGUMENT, PeerProtocol.NODE_ID_HEADER + " is missing or no number");
        }
        if (nodeId == host.nodeId()) {
            return refuse(call, Status.Code.INVALID_ARGUMENT, "node " + nodeId + " is this replica itself");
        }
        // Before the certificate: the log says which host is whose, and nobody is an impostor until it is read.
        var replica = host.replica();
        if (replica == null) {
            return refuse(call, Status.Code.UNAVAILABLE, "the replica reads its log");
        }
        if (!authentic.test(nodeId, call)) {
            LOG.warnf("%s says it is node %s and its certificate does not", call.remoteAddress(), nodeId);
            return refuse(call, Status.Code.UNAUTHENTICATED, "the certificate is not that of node " + nodeId);
        }
        // Frames name their cluster, too, and the replica refuses others'. The header tells a misconfigured address
        // before the first frame.
        var theirs = call.header(PeerProtocol.CLUSTER_ID_HEADER);
        var ours = replica.status().clusterId();
        if (theirs != null && ours != null && !theirs.equals(ours.toString())) {
            LOG.warnf("node %s at %s is of cluster %s, this is %s", nodeId, call.remoteAddress(), theirs, ours);
            return refuse(call, Status.Code.FAILED_PRECONDITION, "this replica is of cluster " + ours);
        }
        PeerIdentity identity;
        try {
            identity = PeerIdentity.of(
                    call.header(PeerProtocol.STORAGE_ID_HEADER), call.header(PeerProtocol.INCARNATION_HEADER));
        } catch (IllegalArgumentException malformed) {
            return refuse(
                    call,
                    Status.Code.INVALID_ARGUMENT,
                    "%s, %s: %s"
                            .formatted(
                                    PeerProtocol.STORAGE_ID_HEADER,
                                    PeerProtocol.INCARNATION_HEADER,
                                    malformed.getMessage()));
        }
        var frames = new Frames(call, nodeId, identity);
        var newer = calls.take(nodeId, frames);
        if (newer != null) {
            LOG.warnf("node %s calls as %s from %s, and as %s: refused", nodeId, identity, call.remoteAddress(), newer);
            return refuse(call, Status.Code.FAILED_PRECONDITION, newer + " is connected, this is " + identity);
        }
        var own = replica.status();
        call.answerHeader(PeerProtocol.STORAGE_ID_HEADER, own.storageId().toString());
        call.answerHeader(PeerProtocol.INCARNATION_HEADER, Long.toString(own.incarnation()));
        call.sendHeaders();
        return frames;
    }

    private static RpcListener refuse(RpcCall call, Status.Code code, String message) {
        call.end(RpcStatus.of(code, message));
        return IgnoringListener.INSTANCE;
    }

    private final class Frames implements RpcListener, PeerCalls.Caller {
        private final RpcCall call;
        private final int nodeId;
        private final @Nullable PeerIdentity identity;

        Frames(RpcCall call, int nodeId, @Nullable PeerIdentity identity) {
            this.call = call;
            this.nodeId = nodeId;
            this.identity = identity;
        }

        @Override
        public @Nullable PeerIdentity identity() {
            return identity;
        }

        @Override
        public boolean isOpen() {
            return !call.closed();
        }

        @Override
        public void replaced() {
            call.eventLoop()
                    .execute(() ->
                            call.end(RpcStatus.of(Status.Code.ABORTED, "another call of this node took its place")));
        }

        @Override
        public void message(byte[] array, int offset, int length) {
            var replica = host.replica();
            if (replica == null) {
                call.end(RpcStatus.of(Status.Code.UNAVAILABLE, "the replica stops"));
                return;
            }
            var in = CodedInputStream.newInstance(array, offset, length);
            try {
                while (!in.isAtEnd()) {
                    var tag = in.readTag();
                    if (tag == ((PeerProtocol.MESSAGE_FIELD << 3) | 2)) {
                        var size = in.readRawVarint32();
                        var start = offset + in.getTotalBytesRead();
                        in.skipRawBytes(size);
                        replica.receive(
                                nodeId, ByteBuffer.wrap(array, start, size).slice());
                    } else {
                        in.skipField(tag);
                    }
                }
            } catch (IOException malformed) {
                LOG.warnf("a frame of node %s cannot be parsed: %s", nodeId, malformed.getMessage());
                call.end(RpcStatus.of(Status.Code.INVALID_ARGUMENT, "the frame cannot be parsed"));
            }
        }

        @Override
        public void halfClosed() {
            call.end(RpcStatus.OK);
        }

        @Override
        public void closed() {
            calls.left(nodeId, this);
        }

        @Override
        public void deadlineExceeded() {
            call.end(RpcStatus.of(Status.Code.DEADLINE_EXCEEDED, "the deadline is over"));
        }

        @Override
        public void writable() {}
    }
}
