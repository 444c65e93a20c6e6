package io.taffrail.service.api;

import io.grpc.Status;
import io.taffrail.replication.AppendObserver.Stage;
import io.taffrail.replication.AppendOutcome;
import io.taffrail.service.rpc.FrameBuffer;
import io.taffrail.service.rpc.RpcCall;
import io.taffrail.service.rpc.RpcListener;
import io.taffrail.service.rpc.RpcStatus;
import java.util.ArrayDeque;

/// Many appends on one call. Acknowledgements leave in the order of the requests, though levels are reached out of it;
/// refusals and notifications leave at once. A client that does not read its answers is not read from either, so what
/// waits here is bounded by what a connection may have in flight.
final class AppendStream implements RpcListener, AppendOperation.Owner {
    private final AppendDesk desk;
    private final RpcCall call;
    private final ArrayDeque<AppendOperation> unanswered = new ArrayDeque<>();
    private final FrameBuffer out = new FrameBuffer();
    private boolean halfClosed;
    private boolean waitsForReader;

    AppendStream(AppendDesk desk, RpcCall call) {
        this.desk = desk;
        this.call = call;
    }

    @Override
    public RpcCall call() {
        return call;
    }

    @Override
    public void message(byte[] array, int offset, int length) {
        switch (AppendRequestParser.parse(array, offset, length, desk.limits())) {
            case ParsedAppend.Invalid invalid -> {
                desk.metrics().refused(invalid.refusal().code());
                AppendReplies.error(out, invalid.requestId(), GrpcStatusMapping.error(invalid.refusal(), null));
                flush();
            }
            case ParsedAppend.Valid valid -> append(valid, length);
        }
    }

    private void append(ParsedAppend.Valid request, int lengthBytes) {
        var replica = desk.host().replica();
        if (replica == null) {
            AppendReplies.error(
                    out,
                    request.requestId(),
                    GrpcStatusMapping.recoveringError(desk.host().recoveryPercent()));
            flush();
            return;
        }
        var operation = new AppendOperation(desk, this, request, lengthBytes);
        unanswered.add(operation);
        operation.submit(replica);
    }

    @Override
    public void staged(
            AppendOperation operation, Stage stage, long baseOffset, int recordCount, long lsnEnd, long epoch) {
        AppendReplies.notification(out, operation.requestId(), stage, baseOffset, recordCount, lsnEnd, epoch);
    }

    @Override
    public void ended(AppendOperation operation, AppendOutcome outcome) {
        switch (outcome) {
            case AppendOutcome.Refused refused ->
                AppendReplies.error(
                        out, operation.requestId(), GrpcStatusMapping.error(refused.refusal(), desk.status()));
            case AppendOutcome.Indeterminate unknown ->
                AppendReplies.error(
                        out, operation.requestId(), GrpcStatusMapping.indeterminateError(unknown.message()));
            case AppendOutcome.Acknowledged acknowledged -> {
                // In its turn, below.
            }
        }
        for (var first = unanswered.peek(); first != null && first.done(); first = unanswered.peek()) {
            unanswered.remove();
            if (first.outcome() instanceof AppendOutcome.Acknowledged acknowledged) {
                AppendReplies.acknowledgement(out, first.requestId(), acknowledged, desk.fsyncDisabled());
            }
        }
    }

    @Override
    public void flush() {
        call.write(out);
        if (halfClosed && unanswered.isEmpty()) {
            call.end(RpcStatus.OK);
        } else if (!waitsForReader && !call.closed() && !call.writable()) {
            waitsForReader = true;
            call.pause();
        }
    }

    @Override
    public void writable() {
        if (waitsForReader) {
            waitsForReader = false;
            call.resume();
        }
    }

    @Override
    public void halfClosed() {
        halfClosed = true;
        flush();
    }

    @Override
    public void closed() {
        // What was handed over stands; a retry with the same sequence finds it.
        out.clear();
    }

    @Override
    public void deadlineExceeded() {
        call.write(out);
        call.end(
                unanswered.isEmpty()
                        ? RpcStatus.of(Status.Code.DEADLINE_EXCEEDED, "the deadline is over")
                        : GrpcStatusMapping.indeterminate(
                                Status.Code.DEADLINE_EXCEEDED,
                                unanswered.size()
                                        + " appends were not acknowledged before the deadline: each may yet be"
                                        + " appended, retry with the same (producer, sequence)"));
    }
}
