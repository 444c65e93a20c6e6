package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.taffrail.client.LogClient;
import io.taffrail.client.ReadFrom;
import io.taffrail.client.ReaderConfig;
import io.taffrail.proto.log.AppendRequest;
import io.taffrail.proto.log.AppendResponse;
import io.taffrail.proto.log.CommitMode;
import io.taffrail.proto.log.LogGrpc;
import io.taffrail.proto.log.ReadRequest;
import io.taffrail.proto.log.ReadResponse;
import io.taffrail.proto.log.Record;
import io.taffrail.proto.log.StreamConfig;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Clients that send and never read their answers, and consumers that never read, beside one that behaves: the
/// service holds little for them and goes on serving it. `-Dtaffrail.clients=N`, `-Dtaffrail.seconds=S`.
class UnreadAnswersIT {
    private static final int CLIENTS = Integer.getInteger("taffrail.clients", 20);
    private static final Duration DURATION = Duration.ofSeconds(Integer.getInteger("taffrail.seconds", 2));
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Duration LONGEST_SENDING = Duration.ofMinutes(5);
    private static final int MOST_TRIES = 20;
    /// What one that behaves appends and reads before the memory is looked at again.
    private static final int RECORDS_A_STEP = 200;
    private static final int UNREAD_CHANNELS = 2;
    private static final int UNREAD_CALLS = 1_000;
    private static final int UNREAD_WINDOW_BYTES = 64 << 10;
    private static final int UNREAD_RECORDS = 64;
    private static final int UNREAD_RECORD_BYTES = 60_000;
    private static final int MAX_HEAP_MIB = 256;
    /// Of the process, not of the heap: the direct buffers, the code and the stacks come on top.
    private static final long MAX_RESIDENT_MIB = 3 * MAX_HEAP_MIB;

    @TempDir
    Path folder;

    /// An append call whose answers nobody takes: it sends for as long as the connection takes more.
    private static final class Sender extends ClientCall.Listener<AppendResponse> {
        private final ClientCall<AppendRequest, AppendResponse> call;
        private final AppendRequest request;
        private volatile long sent;
        private volatile @Nullable Status ended;

        Sender(ManagedChannel channel, AppendRequest request) {
            this.request = request;
            call = channel.newCall(LogGrpc.getAppendStreamMethod(), CallOptions.DEFAULT);
        }

        void start() {
            call.start(this, new Metadata());
            // One answer, so that the call is known to work; no further one is ever asked for.
            call.request(1);
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            ended = status;
        }

        @SuppressWarnings("NonAtomicVolatileUpdate") // gRPC calls a listener from one thread at a time
        @Override
        public void onReady() {
            while (call.isReady()) {
                call.sendMessage(request);
                sent++;
            }
        }
    }

    @Test
    void costTheServiceLittleAndTheOthersNothing() throws Exception {
        var request = AppendRequest.newBuilder()
                .setStream("unread")
                .setCommitMode(CommitMode.COMMIT_MODE_ASYNC)
                .addRecords(Record.newBuilder().setValue(ByteString.copyFrom(new byte[1_000])))
                .build();
        var channels = new ArrayList<ManagedChannel>();
        try (var service = new ServiceProcess(folder)
                        .jvmOptions(List.of(Programs.OPTIMISED, "-Xmx" + MAX_HEAP_MIB + "m"))
                        .start();
                var client = LogClient.connect(service.address())) {
            client.createStream("unread", StreamConfig.getDefaultInstance(), false);
            client.createStream("good", StreamConfig.getDefaultInstance(), false);
            var senders = new ArrayList<Sender>();
            for (var i = 0; i < CLIENTS; i++) {
                var channel = NettyChannelBuilder.forTarget(service.address())
                        .usePlaintext()
                        .build();
                channels.add(channel);
                var sender = new Sender(channel, request);
                senders.add(sender);
                sender.start();
                var _ = consumeNothing(channel, new AtomicInteger());
            }
            awaitStuck(senders);
            // A machine that had no time for them may have made it look so.
            for (var tries = 1; !beside(service, client, senders); tries++) {
                assertTrue(tries < MOST_TRIES, "clients that read nothing go on sending");
            }
        } finally {
            channels.forEach(channel -> {
                var _ = channel.shutdownNow();
            });
        }
    }

    /// A response of each would be twice the heap.
    @Test
    void consumersThatReadNothingLeaveTheHeapToOthers() throws Exception {
        var channels = new ArrayList<ManagedChannel>();
        var calls = new ArrayList<ClientCall<?, ?>>();
        var ended = new AtomicInteger();
        try (var service = new ServiceProcess(folder)
                        .jvmOptions(
                                List.of(Programs.OPTIMISED, "-Xmx" + MAX_HEAP_MIB + "m", "-XX:+ExitOnOutOfMemoryError"))
                        .start();
                var client = LogClient.connect(service.address())) {
            client.createStream("unread", StreamConfig.getDefaultInstance(), false);
            client.createStream("good", StreamConfig.getDefaultInstance(), false);
            append(client, "unread", UNREAD_RECORDS, "x".repeat(UNREAD_RECORD_BYTES));
            for (var i = 0; i < UNREAD_CHANNELS; i++) {
                var channel = NettyChannelBuilder.forTarget(service.address())
                        .flowControlWindow(UNREAD_WINDOW_BYTES)
                        .usePlaintext()
                        .build();
                channels.add(channel);
                for (var j = 0; j < UNREAD_CALLS; j++) {
                    calls.add(consumeNothing(channel, ended));
                }
            }
            var deadlineNanos = System.nanoTime() + LONGEST_SENDING.toNanos();
            while (service.metric("taffrail_readers") + ended.get() < UNREAD_CHANNELS * UNREAD_CALLS) {
                assertTrue(System.nanoTime() < deadlineNanos, "not all consumers got there");
                Thread.sleep(100);
            }
            append(client, "good", RECORDS_A_STEP, "acknowledged");
            try (var reader = client.reader("unread", ReaderConfig.DEFAULTS.from(ReadFrom.offset(0)))) {
                for (var i = 0; i < UNREAD_RECORDS; i++) {
                    assertNotNull(reader.next(PATIENCE), "record " + i);
                }
            }
            assertTrue(service.isRunning());
        } finally {
            // What has come for a call stays in this process until it is cancelled.
            calls.forEach(call -> call.cancel("it will read nothing", null));
            channels.forEach(channel -> {
                var _ = channel.shutdownNow();
            });
        }
    }

    private static void append(LogClient client, String stream, int records, String value) throws Exception {
        try (var appender = client.appender(stream)) {
            for (var i = 0; i < records; i++) {
                var _ = appender.append(value.getBytes(StandardCharsets.UTF_8))
                        .acknowledged()
                        .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            }
        }
    }

    private static ClientCall<?, ?> consumeNothing(ManagedChannel channel, AtomicInteger ended) {
        var call = channel.newCall(LogGrpc.getReadMethod(), CallOptions.DEFAULT);
        call.start(
                new ClientCall.Listener<ReadResponse>() {
                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        ended.incrementAndGet();
                    }
                },
                new Metadata());
        call.sendMessage(ReadRequest.newBuilder()
                .setStream("unread")
                .setOffset(0)
                .setFollow(true)
                .build());
        call.halfClose();
        return call;
    }

    /// Until nobody has been able to send for a second, though everybody has.
    private static void awaitStuck(List<Sender> senders) throws InterruptedException {
        var deadlineNanos = System.nanoTime() + LONGEST_SENDING.toNanos();
        var before = -1L;
        while (true) {
            for (var sender : senders) {
                assertNull(sender.ended, "the call of a client that reads nothing ended");
            }
            var sent = sent(senders);
            if (sent == before && senders.stream().allMatch(sender -> sender.sent > 0 && !sender.call.isReady())) {
                return;
            }
            before = sent;
            assertTrue(System.nanoTime() < deadlineNanos, "clients that read nothing still send: " + sent + " appends");
            Thread.sleep(1_000);
        }
    }

    private static long sent(List<Sender> senders) {
        return senders.stream().mapToLong(sender -> sender.sent).sum();
    }

    /// Whether they could send nothing meanwhile.
    private static boolean beside(ServiceProcess service, LogClient client, List<Sender> senders) throws Exception {
        var endNanos = System.nanoTime() + DURATION.toNanos();
        var sentBefore = sent(senders);
        var residentMib = new ArrayList<Long>();
        var records = client.describeStream("good").getNextOffset();
        try (var appender = client.appender("good");
                var reader = client.reader(
                        "good",
                        ReaderConfig.DEFAULTS.from(ReadFrom.offset(records)).following())) {
            do {
                for (var i = 0; i < RECORDS_A_STEP; i++) {
                    var _ = appender.append(("record " + (records + i)).getBytes(StandardCharsets.UTF_8));
                }
                for (var i = 0; i < RECORDS_A_STEP; i++) {
                    var next = reader.next(PATIENCE);
                    if (next == null) {
                        throw new AssertionError("nothing to read for " + PATIENCE);
                    }
                    assertEquals("record " + records, next.value().toStringUtf8());
                    records++;
                }
                residentMib.add(service.residentBytes() >> 20);
                Thread.sleep(Math.min(1_000, DURATION.toMillis() / 10));
            } while (System.nanoTime() < endNanos);
        }
        var sent = sent(senders);
        System.out.printf(
                Locale.ROOT,
                "%s clients sent %,d appends and read no answer, %s consumers read nothing, for %s s; another appended and read %,d records%n",
                senders.size(),
                sent,
                senders.size(),
                DURATION.toSeconds(),
                records);
        System.out.printf(
                "resident memory in MiB, a tenth of the time each: %s%n",
                java.util.stream.IntStream.rangeClosed(0, 10)
                        .mapToObj(i -> residentMib.get((residentMib.size() - 1) * i / 10))
                        .toList());
        assertTrue(
                residentMib.getLast() < MAX_RESIDENT_MIB,
                "the service holds " + residentMib.getLast() + " MiB, more than " + MAX_RESIDENT_MIB);
        return sent == sentBefore;
    }
}
