package io.taffrail.acceptance;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.taffrail.proto.log.AppendRequest;
import io.taffrail.proto.log.AppendResponse;
import io.taffrail.proto.log.LogGrpc;
import io.taffrail.proto.log.Record;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// Appends of one record each over one call, so many outstanding, to the streams in turn: what the service does,
/// without the client library's batching.
final class StreamedAppends implements ClientResponseObserver<AppendRequest, AppendResponse> {
    private final List<String> streams;
    private final AppendRequest template;
    private final long endNanos;
    private final AtomicInteger outstanding;
    private final CountDownLatch done = new CountDownLatch(1);
    private long sent;
    private volatile long acknowledged;
    private volatile @Nullable String failure;
    private @Nullable ClientCallStreamObserver<AppendRequest> requests;

    private StreamedAppends(List<String> streams, AppendRequest template, int window, Duration duration) {
        this.streams = streams;
        this.template = template;
        outstanding = new AtomicInteger(window);
        endNanos = System.nanoTime() + duration.toNanos();
    }

    /// @return acknowledged appends a second
    static double run(
            ManagedChannel channel,
            List<String> streams,
            AppendRequest modes,
            int recordBytes,
            int window,
            Duration duration)
            throws InterruptedException {
        var template = modes.toBuilder()
                .addRecords(Record.newBuilder().setValue(ByteString.copyFrom(new byte[recordBytes])))
                .build();
        var appends = new StreamedAppends(streams, template, window, duration);
        var startNanos = System.nanoTime();
        var calls = LogGrpc.newStub(channel).appendStream(appends);
        for (var i = 0; i < window; i++) {
            synchronized (appends) {
                appends.send();
            }
        }
        if (!appends.done.await(duration.plusMinutes(5).toSeconds(), TimeUnit.SECONDS)) {
            throw new AssertionError("appends to " + streams.size() + " streams do not end");
        }
        var seconds = (System.nanoTime() - startNanos) / 1e9;
        // Read before the call is ended: the service answers that end with its own, which is no failure by then.
        var failure = appends.failure;
        calls.onCompleted();
        if (failure != null) {
            throw new AssertionError(failure);
        }
        return appends.acknowledged / seconds;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<AppendRequest> requestStream) {
        requests = requestStream;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread at a time: gRPC calls an observer so
    @Override
    public void onNext(AppendResponse response) {
        if (!response.hasAcknowledgement()) {
            end(response.getError().getMessage());
            return;
        }
        acknowledged++;
        if (System.nanoTime() < endNanos) {
            synchronized (this) {
                send();
            }
        } else if (outstanding.decrementAndGet() == 0) {
            done.countDown();
        }
    }

    private void send() {
        var request = template.toBuilder()
                .setRequestId(sent)
                .setStream(streams.get((int) (sent % streams.size())))
                .build();
        sent++;
        if (requests != null) {
            requests.onNext(request);
        }
    }

    private void end(String reason) {
        failure = reason;
        done.countDown();
    }

    @Override
    public void onError(Throwable thrown) {
        end(thrown.toString());
    }

    @Override
    public void onCompleted() {
        end("the service ended the call");
    }
}
