package io.taffrail.replication.protocol;

import java.util.List;

/// A promise under way: it is answered once the promise and everything that was appended before it are
/// durable, and the answer tells what was held then. One at a time; a newer one replaces it.
final class Promising {
    private final ReplicaState state;
    private boolean pending;
    private long epoch;
    private int candidate;
    private long hardVersion;

    Promising(ReplicaState state) {
        this.state = state;
    }

    void promise(long toEpoch, int toNode, long toIncarnation) {
        epoch = toEpoch;
        candidate = toNode;
        hardVersion = state.promise(toEpoch, toNode, toIncarnation);
        pending = true;
        state.emit(new Effect.RequestFlush());
        progress();
    }

    /// The candidate asks again: the answer was lost, or the promise was made by an incarnation before,
    /// or its heartbeat came first and the promise that it caused is not durable yet.
    void repeat() {
        epoch = state.hard.promisedEpoch();
        candidate = state.hard.promisedNode();
        hardVersion = state.promiseVersion();
        pending = true;
        state.emit(new Effect.RequestFlush());
        progress();
    }

    /// A leader of the epoch, or of a later one, is there: no testimony is needed any more.
    void abandon() {
        pending = false;
    }

    void progress() {
        if (!pending
                || !state.isDurable(hardVersion)
                || !state.intactIsDurable()
                || state.isTruncating()
                || state.flushedLsn < state.end.lsn()) {
            return;
        }
        pending = false;
        if (state.hard.promisedEpoch() != epoch) {
            // Another was promised more while this became durable, or this replica stands itself.
            return;
        }
        state.send(candidate, state.hasOnlyEntered() ? holdsNothing() : testimony());
    }

    private Message.Promise testimony() {
        return new Message.Promise(
                epoch,
                state.integrity,
                state.end,
                state.lineage.newest(ReplicaState.LINEAGE_LIMIT),
                state.knownQuorumReceived,
                state.knownQuorumFlushed,
                state.loggedConfiguration(),
                state.lastLeader);
    }

    /// What it has is of another history. Of this one it holds nothing and has lost nothing: a whole, empty log.
    private Message.Promise holdsNothing() {
        return new Message.Promise(
                epoch, Integrity.INTACT, LogPosition.EMPTY, List.of(), 0, 0, state.loggedConfiguration(), -1);
    }
}
