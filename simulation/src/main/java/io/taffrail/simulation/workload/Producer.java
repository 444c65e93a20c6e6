package io.taffrail.simulation.workload;

import io.taffrail.replication.AppendCommand;
import io.taffrail.replication.AppendObserver;
import io.taffrail.replication.AppendOutcome;
import io.taffrail.replication.CommandOutcome;
import io.taffrail.replication.Replica;
import io.taffrail.simulation.ClusterNode;
import io.taffrail.simulation.SimulationOptions;
import io.taffrail.simulation.check.ClientHistory;
import io.taffrail.simulation.check.InvariantViolation;
import io.taffrail.streams.CommitMode;
import io.taffrail.streams.Durability;
import io.taffrail.streams.Refusal;
import io.taffrail.streams.ReplicationMode;
import io.taffrail.streams.StreamCommand;
import io.taffrail.streams.StreamConfig;
import java.nio.ByteBuffer;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A client that appends to one stream, one batch at a time, and repeats each until it knows how it ended. An
/// idempotent one repeats with the same sequence and must be told the same offset every time; sometimes it sends
/// twice at once, sometimes its predecessor's last request turns up again.
public final class Producer {
    private static final long ANSWER_TIMEOUT_NANOS = 3 * SimulationOptions.SECOND;
    private static final int MAX_RECORDS = 5;
    private static final int MAX_VALUE_BYTES = 400;
    private static final int LARGE_VALUE_BYTES = 2_000;

    private enum State {
        CREATING,
        REGISTERING,
        READY
    }

    private record Batch(
            long number, long sequence, Durability level, int count, ByteBuffer records, OptionalLong expectedOffset) {}

    private final Workload workload;
    private final int index;
    private final String stream;
    private final boolean idempotent;
    /// Waits for nothing: it goes on when those who wait for a majority do not.
    private final boolean careless;
    private final TreeMap<Long, String> refused = new TreeMap<>();
    private State state = State.CREATING;
    private long producerId;
    private int producerEpoch;
    private long sequence;
    private @Nullable Batch batch;
    private @Nullable Zombie zombie;
    private long attempt;
    private boolean busy;
    private long acknowledged;

    Producer(Workload workload, int index, String stream, boolean idempotent, boolean careless) {
        this.workload = workload;
        this.index = index;
        this.stream = stream;
        this.idempotent = idempotent;
        this.careless = careless;
    }

    void start() {
        workload.after(workload.latency(), this::next);
    }

    boolean isPending() {
        return busy;
    }

    public long acknowledgedCount() {
        return acknowledged;
    }

    /// CRCs of batches that were refused for good and must not be in any log.
    public Iterable<Long> refusedBatches() {
        return refused.keySet();
    }

    @Override
    public String toString() {
        return "producer %s (%s, batch %s, sequence %s)".formatted(index, state, batch, sequence);
    }

    private void next() {
        if (workload.stopping() && batch == null) {
            busy = false;
            return;
        }
        busy = true;
        var thisAttempt = ++attempt;
        workload.after(ANSWER_TIMEOUT_NANOS, () -> {
            if (attempt == thisAttempt) {
                next();
            }
        });
        var node = workload.target();
        workload.send(node, replica -> {
            if (replica == null) {
                answered(thisAttempt, this::retry);
                return;
            }
            switch (state) {
                case CREATING ->
                    replica.execute(
                            new StreamCommand.CreateStream(stream, config(), true),
                            outcome -> answered(thisAttempt, () -> created(outcome)));
                case REGISTERING ->
                    replica.execute(
                            new StreamCommand.RegisterProducer(0, "producer-" + index),
                            outcome -> answered(thisAttempt, () -> registered(outcome, replica)));
                case READY -> append(node, replica, thisAttempt);
            }
        });
    }

    private static StreamConfig config() {
        return new StreamConfig(null, null, null, null, 0, 0, new TreeMap<>());
    }

    /// The answer travels back; it counts only if nothing newer was begun meanwhile.
    private void answered(long ofAttempt, Runnable then) {
        workload.after(workload.latency(), () -> {
            if (attempt == ofAttempt) {
                attempt++;
                then.run();
            }
        });
    }

    private void retry() {
        workload.after(
                10 * SimulationOptions.MILLI + workload.random().nextLong(100 * SimulationOptions.MILLI), this::next);
    }

    private void created(CommandOutcome outcome) {
        if (outcome instanceof CommandOutcome.Done) {
            state = idempotent ? State.REGISTERING : State.READY;
            next();
        } else {
            retry();
        }
    }

    private void registered(CommandOutcome outcome, Replica replica) {
        var view = replica.streams().producer("producer-" + index);
        if (outcome instanceof CommandOutcome.Done && view != null) {
            producerId = view.producerId();
            producerEpoch = view.epoch();
            sequence = 0;
            state = State.READY;
            next();
        } else {
            retry();
        }
    }

    // Appends

    private void append(ClusterNode node, Replica replica, long thisAttempt) {
        var current = batch;
        if (current == null) {
            current = newBatch(replica);
            batch = current;
        }
        var sent = current;
        var command = command(sent, node, thisAttempt);
        if (!replica.append(command)) {
            answered(thisAttempt, this::retry);
            return;
        }
        if (idempotent && workload.random().nextInt(20) == 0) {
            // Another connection sends the same at the same time.
            replica.append(command(sent, node, -1));
        }
        var old = zombie;
        if (old != null && workload.random().nextInt(50) == 0) {
            replica.append(old.command(node));
        }
    }

    private Batch newBatch(Replica replica) {
        var random = workload.random();
        var asynchronous = workload.options().load().asynchronous();
        var drawnCommit = asynchronous && random.nextInt(2) == 0 ? CommitMode.ASYNC : CommitMode.SYNC;
        var drawnReplication = replication(random.nextInt(3), asynchronous);
        var commit = careless ? CommitMode.ASYNC : drawnCommit;
        var replication = careless ? ReplicationMode.ASYNC : drawnReplication;
        var count = 1 + random.nextInt(MAX_RECORDS);
        var valueBytes = random.nextInt(20) == 0 ? LARGE_VALUE_BYTES : 12 + random.nextInt(MAX_VALUE_BYTES);
        var number = workload.newBatch();
        var expected = OptionalLong.empty();
        if (!idempotent && random.nextInt(3) == 0) {
            var view = replica.streams().stream(stream);
            expected = view == null ? OptionalLong.empty() : OptionalLong.of(view.nextOffset());
        }
        return new Batch(
                number,
                sequence,
                new Durability(commit, replication),
                count,
                Payloads.records(number, count, valueBytes),
                expected);
    }

    private static ReplicationMode replication(int drawn, boolean asynchronous) {
        return switch (drawn) {
            case 0 -> ReplicationMode.ALL;
            case 1 -> asynchronous ? ReplicationMode.ASYNC : ReplicationMode.QUORUM;
            default -> ReplicationMode.QUORUM;
        };
    }

    /// A batch of the epoch before this one, which is fenced for ever.
    private final class Zombie {
        private final Batch sent;
        private final int epoch;

        Zombie(Batch sent, int epoch) {
            this.sent = sent;
            this.epoch = epoch;
        }

        AppendCommand command(ClusterNode node) {
            return Producer.this.command(sent, epoch, node, -1);
        }
    }

    private AppendCommand command(Batch sent, ClusterNode node, long ofAttempt) {
        return command(sent, producerEpoch, node, ofAttempt);
    }

    private AppendCommand command(Batch sent, int epoch, ClusterNode node, long ofAttempt) {
        return new AppendCommand(
                stream,
                sent.level().commitMode(),
                sent.level().replicationMode(),
                producerId,
                epoch,
                sent.sequence(),
                sent.expectedOffset(),
                OptionalLong.empty(),
                0,
                sent.count(),
                sent.records().duplicate(),
                Payloads.crc(sent.records()),
                false,
                new Observer(sent, node, ofAttempt));
    }

    private final class Observer implements AppendObserver {
        private final Batch sent;
        private final ClusterNode node;
        private final long ofAttempt;
        private final ClientHistory.Attempt attempt;
        private final long submittedNanos;
        private boolean ended;

        Observer(Batch sent, ClusterNode node, long ofAttempt) {
            this.sent = sent;
            this.node = node;
            this.ofAttempt = ofAttempt;
            submittedNanos = workload.now();
            // What has no sequence may be logged each time it is sent.
            var key = idempotent ? sent.number() : workload.newKey();
            attempt = workload.cluster()
                    .checks()
                    .clients()
                    .invoked(stream, key, Payloads.crc(sent.records()), sent.count(), workload.now());
        }

        @Override
        public void staged(Stage stage, long baseOffset, int recordCount, long lsnEnd, long epoch) {
            throw new InvariantViolation("StagesOnlyOnDemand", stage + " was not asked for");
        }

        @Override
        public void ended(AppendOutcome outcome) {
            if (ended) {
                workload.violations()
                        .fail(new InvariantViolation("EndsOnce", "a second outcome for " + sent + ": " + outcome));
                return;
            }
            ended = true;
            var atNanos = node.trueNanos();
            switch (outcome) {
                case AppendOutcome.Acknowledged done -> {
                    workload.cluster().answers().acknowledged(node, sent.number(), submittedNanos, done);
                    checkLevel(done);
                    attempt.acknowledged(atNanos, done.baseOffset(), done.reached());
                }
                case AppendOutcome.Refused _ -> attempt.refused(atNanos);
                case AppendOutcome.Indeterminate _ -> {}
            }
            answered(ofAttempt, () -> outcome(sent, outcome));
        }

        private void checkLevel(AppendOutcome.Acknowledged done) {
            if (!done.reached().covers(sent.level())) {
                workload.violations()
                        .fail(new InvariantViolation(
                                "AcknowledgedAtTheLevelAsked", sent.level() + " was asked for: " + done));
            }
        }
    }

    private void outcome(Batch sent, AppendOutcome outcome) {
        switch (outcome) {
            case AppendOutcome.Acknowledged done -> {
                acknowledged++;
                if (idempotent && workload.random().nextInt(10) == 0) {
                    workload.cluster().coverage().count("repeated after the answer");
                    repeat(sent, done);
                } else {
                    goOn();
                }
            }
            case AppendOutcome.Indeterminate unknown -> {
                workload.cluster().coverage().count("indeterminate");
                if (idempotent) {
                    retry();
                } else {
                    goOn();
                }
            }
            case AppendOutcome.Refused(Refusal refusal) -> refused(sent, refusal);
        }
    }

    private void goOn() {
        var last = batch;
        sequence++;
        batch = null;
        if (idempotent && last != null && workload.random().nextInt(60) == 0) {
            // The client was started again; what the one before it sent may still be on its way.
            workload.cluster().coverage().count("producer started again");
            zombie = new Zombie(last, producerEpoch);
            state = State.REGISTERING;
        }
        workload.after(workload.random().nextLong(2 * workload.options().load().thinkNanos() + 1), this::next);
    }

    /// Once more what is acknowledged already: the answer must be the same offset, unless the record was lost.
    private void repeat(Batch sent, AppendOutcome.Acknowledged first) {
        var thisAttempt = ++attempt;
        workload.after(ANSWER_TIMEOUT_NANOS, () -> {
            if (attempt == thisAttempt) {
                attempt++;
                goOn();
            }
        });
        var node = workload.target();
        workload.send(node, replica -> {
            if (replica == null) {
                answered(thisAttempt, this::goOn);
                return;
            }
            var original = command(sent, node, thisAttempt);
            replica.append(new AppendCommand(
                    original.stream(),
                    original.commitMode(),
                    original.replicationMode(),
                    original.producerId(),
                    original.producerEpoch(),
                    original.sequence(),
                    original.expectedOffset(),
                    original.fencingToken(),
                    original.minCopies(),
                    original.recordCount(),
                    original.records(),
                    original.recordsCrc(),
                    false,
                    new AppendObserver() {
                        private final long submittedNanos = workload.now();

                        @Override
                        public void staged(Stage stage, long base, int count, long lsnEnd, long epoch) {
                            // Not asked for.
                        }

                        @Override
                        public void ended(AppendOutcome outcome) {
                            if (outcome instanceof AppendOutcome.Acknowledged done) {
                                workload.cluster().answers().acknowledged(node, sent.number(), submittedNanos, done);
                                if (done.epoch() == first.epoch() && done.baseOffset() != first.baseOffset()) {
                                    workload.violations()
                                            .fail(new InvariantViolation(
                                                    "SequencesOccurOnce",
                                                    "the same sequence is at " + first + " and at " + done));
                                }
                            }
                            answered(thisAttempt, Producer.this::goOn);
                        }
                    }));
        });
    }

    private void refused(Batch sent, Refusal refusal) {
        workload.cluster().coverage().count("refused " + refusal.code());
        switch (refusal.code()) {
            case NOT_LEADER,
                    QUEUE_FULL,
                    DISK_FULL,
                    NO_SEGMENT,
                    SHUTTING_DOWN,
                    RECOVERING,
                    STORAGE_FAILED,
                    TOO_FEW_COPIES -> retry();
            case STREAM_NOT_FOUND -> {
                if (workload.cluster().histories().hasGivenUp()) {
                    // The log that went on did not hold it.
                    workload.cluster().coverage().count("stream created again, since it was given up");
                    batch = null;
                    zombie = null;
                    state = State.CREATING;
                    next();
                    return;
                }
                // Lost with a memory that was beyond the promise; control commands are Sync and Quorum.
                workload.violations()
                        .fail(new InvariantViolation(
                                "StreamsSurvive", stream + " was created and is gone: " + refusal));
            }
            case OUT_OF_SEQUENCE, FENCED, UNKNOWN_PRODUCER, DUPLICATE_MISMATCH -> {
                if (!idempotent) {
                    workload.violations().fail(new InvariantViolation("RefusedForAReason", sent + ": " + refusal));
                    return;
                }
                // Earlier batches were lost with an asynchronous acknowledgement: start over under a new epoch.
                workload.cluster().coverage().count("producer starts over");
                zombie = new Zombie(sent, producerEpoch);
                batch = null;
                state = State.REGISTERING;
                next();
            }
            case BELOW_MINIMUM -> {
                // The minimum was raised meanwhile; the sequence is still to be used.
                batch = null;
                retry();
            }
            case OFFSET_MISMATCH -> goOn();
            default -> workload.violations().fail(new InvariantViolation("RefusedForAReason", sent + ": " + refusal));
        }
    }
}
