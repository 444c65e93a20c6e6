package io.taffrail.service.api;

import io.taffrail.replication.AppendCommand;
import io.taffrail.replication.AppendObserver;
import io.taffrail.replication.AppendOutcome;
import io.taffrail.replication.Replica;
import io.taffrail.service.host.Delivery;
import io.taffrail.service.rpc.RpcCall;
import org.jspecify.annotations.Nullable;

/// One append on its way to the replica and back. Submitted and delivered on the connection's event loop, observed on
/// the replica's; the outcome passes from one to the other with the delivery.
final class AppendOperation implements AppendObserver, Delivery {
    /// The call that the append came on.
    interface Owner {
        RpcCall call();

        void staged(AppendOperation operation, Stage stage, long baseOffset, int recordCount, long lsnEnd, long epoch);

        void ended(AppendOperation operation, AppendOutcome outcome);

        /// Everything of this turn was delivered: send it.
        void flush();
    }

    private final AppendDesk desk;
    private final Owner owner;
    private final ParsedAppend.Valid request;
    private final int heldBytes;
    private final long startNanos = System.nanoTime();
    private final AppendCommand command;
    private boolean taken;
    private boolean done;
    private @Nullable AppendOutcome outcome;

    AppendOperation(AppendDesk desk, Owner owner, ParsedAppend.Valid request, int heldBytes) {
        this.desk = desk;
        this.owner = owner;
        this.request = request;
        this.heldBytes = heldBytes;
        command = new AppendCommand(
                request.stream(),
                request.commitMode(),
                request.replicationMode(),
                request.producerId(),
                request.producerEpoch(),
                request.sequence(),
                request.expectedOffset(),
                request.fencingToken(),
                request.minCopies(),
                request.recordCount(),
                request.records(),
                request.recordsCrc(),
                request.wantsStages(),
                this);
    }

    /// Hands over to the replica. Where its inbox is full the call stops reading until there is room.
    void submit(Replica replica) {
        owner.call().hold(heldBytes);
        if (replica.append(command)) {
            taken = true;
            return;
        }
        owner.call().pause();
        waitForRoom(replica);
    }

    private void waitForRoom(Replica replica) {
        desk.host().whenRoom(() -> owner.call().eventLoop().execute(() -> retry(replica)));
        tryAgain(replica);
    }

    private void retry(Replica replica) {
        if (!taken && !done && !tryAgain(replica)) {
            waitForRoom(replica);
        }
    }

    private boolean tryAgain(Replica replica) {
        if (owner.call().closed()) {
            // Never handed over, so nobody will call back; the client sees a lost connection, which tells it no more
            // than an unknown outcome does.
            finish();
            return true;
        }
        if (!replica.append(command)) {
            return false;
        }
        taken = true;
        owner.call().resume();
        return true;
    }

    @Override
    public void staged(Stage stage, long baseOffset, int recordCount, long lsnEnd, long epoch) {
        var wanted = switch (stage) {
            case ACCEPTED -> request.notifyAccepted();
            case DURABLE -> request.notifyDurable();
            case REPLICATED -> request.notifyReplicated();
        };
        if (!wanted) {
            return;
        }
        desk.host().deliver(owner.call().eventLoop(), new Delivery() {
            @Override
            public void deliver() {
                owner.staged(AppendOperation.this, stage, baseOffset, recordCount, lsnEnd, epoch);
            }

            @Override
            public void flush() {
                owner.flush();
            }
        });
    }

    @Override
    public void ended(AppendOutcome ended) {
        outcome = ended;
        desk.host().deliver(owner.call().eventLoop(), this);
    }

    @Override
    public void deliver() {
        var ended = outcome;
        if (ended == null || done) {
            throw new IllegalStateException("an append ended twice, or without an outcome");
        }
        finish();
        switch (ended) {
            case AppendOutcome.Acknowledged acknowledged ->
                desk.metrics()
                        .acknowledged(
                                acknowledged.reached(),
                                System.nanoTime() - startNanos,
                                acknowledged.recordCount(),
                                request.records().remaining(),
                                acknowledged.duplicate());
            case AppendOutcome.Refused refused ->
                desk.metrics().refused(refused.refusal().code());
            case AppendOutcome.Indeterminate unknown -> desk.metrics().indeterminate();
        }
        owner.ended(this, ended);
    }

    private void finish() {
        done = true;
        owner.call().release(heldBytes);
    }

    @Override
    public void flush() {
        owner.flush();
    }

    long requestId() {
        return request.requestId();
    }

    boolean done() {
        return done;
    }

    /// After [#done].
    @Nullable
    AppendOutcome outcome() {
        return outcome;
    }
}
