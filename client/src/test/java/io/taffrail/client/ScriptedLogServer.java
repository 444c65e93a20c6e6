package io.taffrail.client;

import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.taffrail.proto.log.Acknowledgement;
import io.taffrail.proto.log.AppendRequest;
import io.taffrail.proto.log.AppendResponse;
import io.taffrail.proto.log.CommitMode;
import io.taffrail.proto.log.DurabilityReport;
import io.taffrail.proto.log.Edge;
import io.taffrail.proto.log.Error;
import io.taffrail.proto.log.ErrorCode;
import io.taffrail.proto.log.LeaderHint;
import io.taffrail.proto.log.LogGrpc;
import io.taffrail.proto.log.ReadRequest;
import io.taffrail.proto.log.ReadResponse;
import io.taffrail.proto.log.Record;
import io.taffrail.proto.log.RecordBatch;
import io.taffrail.proto.log.RegisterProducerRequest;
import io.taffrail.proto.log.RegisterProducerResponse;
import io.taffrail.proto.log.ReplicationMode;
import io.taffrail.proto.log.StreamDescription;
import io.taffrail.proto.log.TrimStreamRequest;
import io.taffrail.proto.log.WatchDurabilityRequest;
import io.taffrail.proto.log.WhoLeadsRequest;
import io.taffrail.proto.log.WhoLeadsResponse;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.function.IntSupplier;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Speaks log.proto over real gRPC with one stream in memory, keeps the rules about producers that the service keeps,
/// and fails where a test says so: what a client must survive, at the moment that the test chooses.
final class ScriptedLogServer extends LogGrpc.LogImplBase implements AutoCloseable {
    /// What happens to the next batch that arrives.
    enum Fate {
        LOG,
        LOG_THEN_BREAK,
        BREAK_FIRST,
        QUEUE_FULL,
        NOT_LEADER,
        INDETERMINATE_BUT_LOGGED,
        INDETERMINATE_NOT_LOGGED
    }

    private static final int WINDOW = 5;
    private static final long LONGEST_WAIT_NANOS = 300_000_000_000L;

    private record Logged(long sequence, long baseOffset, int count) {}

    private static final class ProducerState {
        int epoch = -1;
        long lastSequence = -1;
        long appendedRecords;
        final ArrayDeque<Logged> window = new ArrayDeque<>();
    }

    private final Server server;
    private final String address;
    private final Map<Long, ProducerState> producers = new HashMap<>();
    private final Map<String, Long> names = new HashMap<>();
    private final List<Record> log = new ArrayList<>();
    private final List<Integer> batchSizes = new ArrayList<>();
    private final Queue<Fate> fates = new ArrayDeque<>();
    private String leaderAddress = "";
    private boolean follows;
    private boolean answersAppends = true;
    private final List<Runnable> late = new ArrayList<>();
    private int asked;
    private int connections;
    private int breakReadsAfter = Integer.MAX_VALUE;
    private int mostRequestBytes = Integer.MAX_VALUE;
    private int damagedFrom = Integer.MAX_VALUE;
    private boolean othersHaveIt;
    private @Nullable ErrorCode readRefusal;
    private int readsBeforeRefusal;
    private int reads;
    private int trims;

    ScriptedLogServer() throws IOException {
        server = Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
                .addService(this)
                .build()
                .start();
        address = "127.0.0.1:" + server.getPort();
    }

    String address() {
        return address;
    }

    synchronized void script(Fate... next) {
        fates.addAll(List.of(next));
    }

    synchronized void leaderIs(String address) {
        leaderAddress = address;
    }

    /// It answers only what need not be as of now.
    synchronized void follows(String leader) {
        leaderAddress = leader;
        follows = true;
    }

    synchronized void answersAppends(boolean answers) {
        answersAppends = answers;
    }

    /// Says what it has not said while it did not answer.
    synchronized void answerLate() {
        late.forEach(Runnable::run);
        late.clear();
    }

    /// A producer of this id is known, as its registration is in the log that all replicas hold.
    synchronized void registered(long producerId) {
        producers.computeIfAbsent(producerId, _ -> new ProducerState()).epoch = 0;
    }

    synchronized void awaitAsked(int times) throws InterruptedException {
        await(() -> asked, times, "times asked");
    }

    synchronized void awaitLogged(int records) throws InterruptedException {
        await(log::size, records, "records logged");
    }

    private synchronized void await(IntSupplier count, int least, String what) throws InterruptedException {
        var deadlineNanos = System.nanoTime() + LONGEST_WAIT_NANOS;
        while (count.getAsInt() < least) {
            if (System.nanoTime() > deadlineNanos) {
                throw new AssertionError(what + ": " + count.getAsInt() + ", not " + least);
            }
            wait(1_000);
        }
    }

    synchronized void breakReadsAfter(int responses) {
        breakReadsAfter = responses;
    }

    /// From this offset on nothing can be read here.
    synchronized void damagedFrom(int offset, boolean others) {
        damagedFrom = offset;
        othersHaveIt = others;
    }

    /// All reads but the first few.
    synchronized void refuseReads(ErrorCode code, int but) {
        readRefusal = code;
        readsBeforeRefusal = but;
    }

    synchronized int trims() {
        return trims;
    }

    synchronized int reads() {
        return reads;
    }

    /// A larger request ends its call.
    synchronized void mostRequestBytes(int bytes) {
        mostRequestBytes = bytes;
    }

    /// Of the batches that are logged, in their order.
    synchronized List<Integer> batchSizes() {
        return List.copyOf(batchSizes);
    }

    synchronized List<String> values() {
        return log.stream().map(entry -> entry.getValue().toStringUtf8()).toList();
    }

    synchronized int connections() {
        return connections;
    }

    /// As after a crash that took what was acknowledged from memory.
    synchronized void forgetBatchesFrom(long sequence) {
        for (var producer : producers.values()) {
            while (producer.lastSequence >= sequence) {
                var lost = producer.window.removeLast();
                producer.lastSequence--;
                producer.appendedRecords -= lost.count;
                log.subList((int) lost.baseOffset, log.size()).clear();
            }
        }
    }

    @Override
    public void whoLeads(WhoLeadsRequest request, StreamObserver<WhoLeadsResponse> answer) {
        synchronized (this) {
            asked++;
            notifyAll();
            answer.onNext(WhoLeadsResponse.newBuilder()
                    .setLeader(LeaderHint.newBuilder().setAddress(leaderAddress).setEpoch(1))
                    .build());
        }
        answer.onCompleted();
    }

    @Override
    public synchronized void registerProducer(
            RegisterProducerRequest request, StreamObserver<RegisterProducerResponse> answer) {
        if (fates.peek() == Fate.NOT_LEADER && !leaderAddress.isEmpty()) {
            answer.onError(failure(Status.FAILED_PRECONDITION, notLeader()));
            return;
        }
        long id = request.getName().isEmpty()
                ? producers.size() + 1
                : names.computeIfAbsent(request.getName(), name -> producers.size() + 1L);
        var producer = producers.computeIfAbsent(id, _ -> new ProducerState());
        producer.epoch++;
        producer.lastSequence = -1;
        producer.window.clear();
        answer.onNext(RegisterProducerResponse.newBuilder()
                .setProducerId(id)
                .setEpoch(producer.epoch)
                .setAppendedRecords(producer.appendedRecords)
                .build());
        answer.onCompleted();
    }

    @Override
    public StreamObserver<AppendRequest> appendStream(StreamObserver<AppendResponse> answers) {
        synchronized (this) {
            connections++;
        }
        return new StreamObserver<>() {
            private boolean broken;

            @Override
            public void onNext(AppendRequest request) {
                synchronized (ScriptedLogServer.this) {
                    if (!broken) {
                        broken = !handle(request, answers);
                    }
                }
            }

            @Override
            public void onError(Throwable gone) {
                broken = true;
            }

            @Override
            public void onCompleted() {
                answers.onCompleted();
            }
        };
    }

    /// False: the connection is broken.
    private boolean handle(AppendRequest request, StreamObserver<AppendResponse> answers) {
        if (request.getSerializedSize() > mostRequestBytes) {
            var trailers = new Metadata();
            trailers.put(
                    LogClientException.ERROR_TRAILER,
                    Error.newBuilder()
                            .setCode(ErrorCode.ERROR_CODE_TOO_LARGE)
                            .setMostBytes(mostRequestBytes)
                            .build());
            answers.onError(Status.RESOURCE_EXHAUSTED.asRuntimeException(trailers));
            return false;
        }
        var fate = fates.isEmpty() ? Fate.LOG : fates.remove();
        switch (fate) {
            case LOG -> {
                var response = append(request);
                if (answersAppends) {
                    answers.onNext(response);
                } else {
                    late.add(() -> answers.onNext(response));
                }
            }
            case LOG_THEN_BREAK -> {
                append(request);
                answers.onError(Status.UNAVAILABLE.asRuntimeException());
                return false;
            }
            case BREAK_FIRST -> {
                answers.onError(Status.UNAVAILABLE.asRuntimeException());
                return false;
            }
            case QUEUE_FULL -> answers.onNext(refusal(request, ErrorCode.ERROR_CODE_QUEUE_FULL));
            case NOT_LEADER ->
                answers.onNext(AppendResponse.newBuilder()
                        .setRequestId(request.getRequestId())
                        .setError(notLeader())
                        .build());
            case INDETERMINATE_BUT_LOGGED -> {
                append(request);
                answers.onNext(refusal(request, ErrorCode.ERROR_CODE_INDETERMINATE));
            }
            case INDETERMINATE_NOT_LOGGED -> answers.onNext(refusal(request, ErrorCode.ERROR_CODE_INDETERMINATE));
        }
        return true;
    }

    private Error notLeader() {
        return Error.newBuilder()
                .setCode(ErrorCode.ERROR_CODE_NOT_LEADER)
                .setMessage("not the leader")
                .setLeader(LeaderHint.newBuilder().setAddress(leaderAddress).setEpoch(1))
                .build();
    }

    private synchronized AppendResponse append(AppendRequest request) {
        var producer = producers.get(request.getProducer().getId());
        if (producer == null) {
            return refusal(request, ErrorCode.ERROR_CODE_UNKNOWN_PRODUCER);
        }
        if (request.getProducer().getEpoch() != producer.epoch) {
            return refusal(request, ErrorCode.ERROR_CODE_FENCED);
        }
        if (crcOf(request) != request.getRecordsCrc32C()) {
            return refusal(request, ErrorCode.ERROR_CODE_DATA_LOSS);
        }
        var sequence = request.getProducer().getSequence();
        for (var logged : producer.window) {
            if (logged.sequence == sequence) {
                return acknowledgement(request, logged.baseOffset, logged.count, true);
            }
        }
        if (sequence != producer.lastSequence + 1) {
            var error = refusal(request, ErrorCode.ERROR_CODE_OUT_OF_SEQUENCE).getError().toBuilder();
            if (producer.lastSequence >= 0) {
                error.setLastSequence(producer.lastSequence);
            }
            return AppendResponse.newBuilder()
                    .setRequestId(request.getRequestId())
                    .setError(error)
                    .build();
        }
        var baseOffset = log.size();
        log.addAll(request.getRecordsList());
        notifyAll();
        batchSizes.add(request.getRecordsCount());
        producer.lastSequence = sequence;
        producer.appendedRecords += request.getRecordsCount();
        producer.window.add(new Logged(sequence, baseOffset, request.getRecordsCount()));
        if (producer.window.size() > WINDOW) {
            producer.window.remove();
        }
        return acknowledgement(request, baseOffset, request.getRecordsCount(), false);
    }

    private static int crcOf(AppendRequest request) {
        var records = AppendRequest.newBuilder()
                .addAllRecords(request.getRecordsList())
                .build()
                .toByteArray();
        var crc = new CRC32C();
        crc.update(records);
        return (int) crc.getValue();
    }

    private static AppendResponse acknowledgement(
            AppendRequest request, long baseOffset, int count, boolean duplicate) {
        return AppendResponse.newBuilder()
                .setRequestId(request.getRequestId())
                .setAcknowledgement(Acknowledgement.newBuilder()
                        .setBaseOffset(baseOffset)
                        .setRecordCount(count)
                        .setCommitMode(
                                request.getCommitMode() == CommitMode.COMMIT_MODE_UNSPECIFIED
                                        ? CommitMode.COMMIT_MODE_SYNC
                                        : request.getCommitMode())
                        .setReplicationMode(
                                request.getReplicationMode() == ReplicationMode.REPLICATION_MODE_UNSPECIFIED
                                        ? ReplicationMode.REPLICATION_MODE_QUORUM
                                        : request.getReplicationMode())
                        .setDuplicate(duplicate))
                .build();
    }

    private static AppendResponse refusal(AppendRequest request, ErrorCode code) {
        return AppendResponse.newBuilder()
                .setRequestId(request.getRequestId())
                .setError(Error.newBuilder().setCode(code).setMessage("as the test wants it"))
                .build();
    }

    private synchronized StatusRuntimeException dataLoss() {
        return failure(Status.DATA_LOSS, ErrorCode.ERROR_CODE_DATA_LOSS, othersHaveIt);
    }

    private static StatusRuntimeException failure(Status status, ErrorCode code, boolean retryable) {
        return failure(
                status, Error.newBuilder().setCode(code).setRetryable(retryable).build());
    }

    private static StatusRuntimeException failure(Status status, Error error) {
        var trailers = new Metadata();
        trailers.put(LogClientException.ERROR_TRAILER, error);
        return status.asRuntimeException(trailers);
    }

    /// Where it would have to look, the index is damaged.
    @Override
    public void trimStream(TrimStreamRequest request, StreamObserver<StreamDescription> answer) {
        synchronized (this) {
            trims++;
        }
        answer.onError(dataLoss());
    }

    /// One report, and the connection breaks.
    @Override
    public void watchDurability(WatchDurabilityRequest request, StreamObserver<DurabilityReport> answers) {
        answers.onNext(DurabilityReport.getDefaultInstance());
        answers.onError(Status.UNAVAILABLE.asRuntimeException());
    }

    @Override
    public void read(ReadRequest request, StreamObserver<ReadResponse> answer) {
        List<Record> snapshot;
        int responsesLeft;
        int sound;
        synchronized (this) {
            if (follows && request.getLinearizable()) {
                answer.onError(failure(Status.FAILED_PRECONDITION, notLeader()));
                return;
            }
            reads++;
            if (readRefusal != null && reads > readsBeforeRefusal) {
                answer.onError(failure(Status.FAILED_PRECONDITION, readRefusal, false));
                return;
            }
            sound = damagedFrom;
            snapshot = List.copyOf(log);
            responsesLeft = breakReadsAfter;
        }
        var offset = request.getEdge() == Edge.EDGE_EARLIEST ? 0 : (int) request.getOffset();
        var last = request.getMaxRecords() == 0
                ? snapshot.size()
                : (int) Math.min(snapshot.size(), offset + request.getMaxRecords());
        while (offset < last) {
            if (responsesLeft-- == 0) {
                answer.onError(Status.UNAVAILABLE.asRuntimeException());
                return;
            }
            if (offset >= sound) {
                answer.onError(dataLoss());
                return;
            }
            var end = Math.min(Math.min(last, sound), offset + 3);
            answer.onNext(ReadResponse.newBuilder()
                    .setNextOffset(snapshot.size())
                    .addBatches(RecordBatch.newBuilder()
                            .setBaseOffset(offset)
                            .setRecordCount(end - offset)
                            .addAllRecords(snapshot.subList(offset, end)))
                    .build());
            offset = end;
        }
        answer.onCompleted();
    }

    @Override
    public void close() {
        server.shutdownNow();
    }
}
