package io.taffrail.service.api;

import com.google.protobuf.MessageLite;
import io.grpc.Status;
import io.taffrail.replication.CommandOutcome;
import io.taffrail.replication.Replica;
import io.taffrail.service.host.Delivery;
import io.taffrail.service.host.ReplicaHost;
import io.taffrail.service.rpc.RpcStatus;
import io.taffrail.service.rpc.UnaryCall;
import io.taffrail.streams.StreamCommand;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;

/// Calls that are answered by the replica once something is in force.
public final class CommandCalls {
    private static final RpcStatus DEADLINE = GrpcStatusMapping.indeterminate(
            Status.Code.DEADLINE_EXCEEDED,
            "not in force before the deadline: it may yet take effect, and may be asked for again");

    private static final RpcStatus NO_ROOM = GrpcStatusMapping.indeterminate(
            Status.Code.UNAVAILABLE,
            "in force, and there is no memory for the answer while clients do not read theirs: ask for it later");

    private final ReplicaHost host;

    public CommandCalls(ReplicaHost host) {
        this.host = host;
    }

    /// Runs `task` with the replica, or ends the call because there is none yet.
    public void withReplica(UnaryCall call, Consumer<Replica> task) {
        var replica = host.replica();
        if (replica == null) {
            call.refuse(GrpcStatusMapping.recovering(host.recoveryPercent()));
        } else {
            task.accept(replica);
        }
    }

    /// `answer` is computed on the call's event loop, after the command is in force.
    void execute(UnaryCall call, StreamCommand command, Function<Replica, MessageLite> answer) {
        execute(call, command, (replica, done) -> answer.apply(replica));
    }

    void execute(UnaryCall call, StreamCommand command, BiFunction<Replica, CommandOutcome.Done, MessageLite> answer) {
        withReplica(call, replica -> {
            call.onDeadline(DEADLINE);
            call.onNoRoom(NO_ROOM);
            replica.execute(command, outcome -> ended(call, outcome, done -> answer.apply(replica, done)));
        });
    }

    /// On the replica's loop: hands the answer over to the call's event loop, which makes it.
    public void ended(UnaryCall call, CommandOutcome outcome, Function<CommandOutcome.Done, MessageLite> answer) {
        switch (outcome) {
            case CommandOutcome.Done done -> deliver(call, () -> answered(call, done, answer));
            case CommandOutcome.NotDone notDone -> refuse(call, notDone);
        }
    }

    /// On the replica's loop.
    public void refuse(UnaryCall call, CommandOutcome.NotDone outcome) {
        deliver(
                call,
                () -> call.refuse(
                        switch (outcome) {
                            case CommandOutcome.Refused refused ->
                                GrpcStatusMapping.status(refused.refusal(), host.status());
                            case CommandOutcome.Indeterminate unknown ->
                                GrpcStatusMapping.indeterminate(Status.Code.UNAVAILABLE, unknown.message());
                        }));
    }

    /// On the replica's loop: `answer` runs on the call's event loop.
    public void deliver(UnaryCall call, Runnable answer) {
        host.deliver(call.call().eventLoop(), new Delivery() {
            @Override
            public void deliver() {
                call.guarded(answer);
            }

            @Override
            public void flush() {
                // Answers of unary calls leave by themselves.
            }
        });
    }

    private static void answered(
            UnaryCall call, CommandOutcome.Done done, Function<CommandOutcome.Done, MessageLite> answer) {
        MessageLite message;
        try {
            message = answer.apply(done);
        } catch (NoLongerThere gone) {
            call.refuse(GrpcStatusMapping.indeterminate(Status.Code.UNAVAILABLE, String.valueOf(gone.getMessage())));
            return;
        }
        call.answer(message);
    }

    /// What a command had made was taken away again before its answer could be written.
    static final class NoLongerThere extends RuntimeException {
        private static final long serialVersionUID = 1;

        NoLongerThere(String message) {
            super(message, null, false, false);
        }
    }
}
