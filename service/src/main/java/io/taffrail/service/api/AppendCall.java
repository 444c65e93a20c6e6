package io.taffrail.service.api;

import io.grpc.Status;
import io.taffrail.replication.AppendObserver.Stage;
import io.taffrail.replication.AppendOutcome;
import io.taffrail.service.rpc.FrameBuffer;
import io.taffrail.service.rpc.RpcCall;
import io.taffrail.service.rpc.RpcListener;
import io.taffrail.service.rpc.RpcStatus;

/// One append that is a call of its own. A refusal is the status of the call.
final class AppendCall implements RpcListener, AppendOperation.Owner {
    private final AppendDesk desk;
    private final RpcCall call;
    private boolean requested;

    AppendCall(AppendDesk desk, RpcCall call) {
        this.desk = desk;
        this.call = call;
    }

    @Override
    public RpcCall call() {
        return call;
    }

    @Override
    public void message(byte[] array, int offset, int length) {
        if (requested) {
            call.end(GrpcStatusMapping.invalid("Append takes one request, a second one came: use AppendStream"));
            return;
        }
        requested = true;
        switch (AppendRequestParser.parse(array, offset, length, desk.limits())) {
            case ParsedAppend.Invalid invalid -> {
                desk.metrics().refused(invalid.refusal().code());
                call.end(GrpcStatusMapping.status(invalid.refusal(), null));
            }
            case ParsedAppend.Valid valid -> append(valid, length);
        }
    }

    private void append(ParsedAppend.Valid request, int lengthBytes) {
        if (request.wantsStages()) {
            call.end(GrpcStatusMapping.invalid(
                    "notify is set: a call with one answer has no place for it, use AppendStream"));
            return;
        }
        var replica = desk.host().replica();
        if (replica == null) {
            call.end(GrpcStatusMapping.recovering(desk.host().recoveryPercent()));
            return;
        }
        new AppendOperation(desk, this, request, lengthBytes).submit(replica);
    }

    @Override
    public void staged(
            AppendOperation operation, Stage stage, long baseOffset, int recordCount, long lsnEnd, long epoch) {
        throw new IllegalStateException("a stage came that nobody had asked for");
    }

    @Override
    public void ended(AppendOperation operation, AppendOutcome outcome) {
        switch (outcome) {
            case AppendOutcome.Acknowledged acknowledged -> {
                var out = new FrameBuffer(128);
                AppendReplies.acknowledgement(out, operation.requestId(), acknowledged, desk.fsyncDisabled());
                call.end(out);
            }
            case AppendOutcome.Refused refused -> call.end(GrpcStatusMapping.status(refused.refusal(), desk.status()));
            case AppendOutcome.Indeterminate unknown ->
                call.end(GrpcStatusMapping.indeterminate(Status.Code.UNAVAILABLE, unknown.message()));
        }
    }

    @Override
    public void flush() {
        // The answer ended the call and went with it.
    }

    @Override
    public void halfClosed() {
        if (!requested) {
            call.end(GrpcStatusMapping.invalid("the call ended without a request"));
        }
    }

    @Override
    public void closed() {}

    @Override
    public void deadlineExceeded() {
        call.end(
                requested
                        ? GrpcStatusMapping.indeterminate(
                                Status.Code.DEADLINE_EXCEEDED,
                                "not acknowledged before the deadline: it may yet be appended, retry with the same"
                                        + " (producer, sequence)")
                        : RpcStatus.of(Status.Code.DEADLINE_EXCEEDED, "the deadline is over"));
    }

    @Override
    public void writable() {}
}
