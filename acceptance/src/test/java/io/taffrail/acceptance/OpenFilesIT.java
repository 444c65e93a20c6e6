package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.taffrail.client.Endpoint;
import io.taffrail.client.LogClient;
import io.taffrail.client.LogClientConfig;
import io.taffrail.client.ReadFrom;
import io.taffrail.client.ReaderConfig;
import io.taffrail.client.RetryPolicy;
import io.taffrail.client.Tls;
import io.taffrail.proto.log.Edge;
import io.taffrail.proto.log.LogGrpc;
import io.taffrail.proto.log.ReadRequest;
import io.taffrail.proto.log.ReadResponse;
import io.taffrail.proto.log.StreamConfig;
import io.taffrail.proto.log.WhoLeadsRequest;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A service that may have few files open, and clients that want them all: connections that say nothing, ones that
/// have said something, ones with a call that lasts.
class OpenFilesIT {
    private static final int LIMIT = 900;
    private static final int TOO_LOW_LIMIT = 400;
    private static final int CONFIG_REFUSED_EXIT_CODE = 78;
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final int RECORD_BYTES = 100_000;
    /// Three segments.
    private static final int RECORDS_A_PHASE = 30;
    private static final String REFUSED = "taffrail_connections_refused_total{port=\"clients\"}";
    private static final String DISPLACED = "taffrail_connections_displaced_total{port=\"clients\"}";
    private static final String TAKEN = "connections that it may have are taken";

    @TempDir
    Path folder;

    private final List<Socket> sockets = new ArrayList<>();
    private final List<ManagedChannel> channels = new ArrayList<>();

    private ServiceProcess limited(int openFiles) {
        return new ServiceProcess(folder, ServiceProcess.SMALL_LOG)
                .launcher("sh", "-c", "ulimit -n " + openFiles + " && exec \"$@\"", "sh");
    }

    @Test
    void clientsCannotTakeTheFilesOfTheLog() throws Exception {
        try (var service = limited(LIMIT).start()) {
            int acknowledged;
            try (var client = LogClient.connect(service.address())) {
                client.createStream("s", StreamConfig.getDefaultInstance(), false);
                try (var producer = new Producer(client)) {
                    for (var address : List.of(service.address(), service.peerAddress(), service.httpAddress())) {
                        connectSilently(address, LIMIT + 20);
                        producer.awaitMore();
                    }
                    await("many give way", () -> metric(service, DISPLACED) > LIMIT / 2.0);
                    assertEquals(0, service.metric(REFUSED));
                    appendAndRead(service);

                    // Each has a call, and then none.
                    for (var i = 0; i < LIMIT / 4; i++) {
                        var _ = LogGrpc.newBlockingStub(channel(service))
                                .withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                                .whoLeads(WhoLeadsRequest.getDefaultInstance());
                    }
                    producer.awaitMore();
                    assertEquals(0, service.metric(REFUSED));

                    for (var i = 0; i < LIMIT / 4; i++) {
                        follow(channel(service));
                    }
                    await("one is refused", () -> metric(service, REFUSED) > 0);
                    producer.awaitMore();
                    System.out.printf(
                            Locale.ROOT,
                            "%s of %s files are open; %.0f connections gave way, %.0f were refused%n",
                            service.openFiles(),
                            LIMIT,
                            service.metric(DISPLACED),
                            service.metric(REFUSED));
                    disconnect();
                    appendAndRead(service);
                }
                acknowledged = Math.toIntExact(client.describeStream("s").getNextOffset());
            } finally {
                disconnect();
            }
            assertTrue(service.isRunning());
            await("a line for each port", () -> linesOfTaken(service) >= 3);
            var said = Files.readString(service.log(), StandardCharsets.UTF_8);
            assertFalse(said.contains("Too many open files"), said);
            assertTrue(linesOfTaken(service) < 100, said);
            service.kill();
            service.launcher().start();
            try (var client = LogClient.connect(service.address())) {
                assertEquals(acknowledged, read(client));
            }
        }
    }

    /// With TLS a connection that says nothing is one whose handshake never ends, and so is one that says half of it.
    @Test
    void handshakesThatHangShutNobodyOut() throws Exception {
        var ca = folder.resolve("ca.crt");
        var authority = new KeytoolAuthority(folder);
        authority.writeCertificate(ca);
        authority.issue(1).replace(folder);
        var options = new ArrayList<>(List.of(ServiceProcess.SMALL_LOG));
        options.addAll(List.of("-D", "taffrail.tls.certificate=" + folder.resolve("tls.crt")));
        options.addAll(List.of("-D", "taffrail.tls.key=" + folder.resolve("tls.key")));
        try (var service = limited(LIMIT).options(options).start();
                var client = encrypted(service, ca)) {
            client.createStream("s", StreamConfig.getDefaultInstance(), false);
            try (var producer = new Producer(client)) {
                connectSilently(service.address(), LIMIT);
                producer.awaitMore();
                for (var hanging : sockets) {
                    halfGreet(hanging);
                }
                connectSilently(service.address(), LIMIT);
                producer.awaitMore();
                await("many give way", () -> metric(service, DISPLACED) > LIMIT);
                assertEquals(0, service.metric(REFUSED));
                try (var late = encrypted(service, ca)) {
                    assertTrue(late.describeStream("s").getNextOffset() > 0);
                }
                producer.awaitMore();
            } finally {
                disconnect();
            }
            var said = Files.readString(service.log(), StandardCharsets.UTF_8);
            assertFalse(said.contains("Too many open files"), said);
        }
    }

    private static LogClient encrypted(ServiceProcess service, Path ca) {
        return new LogClient(new LogClientConfig(
                List.of(Endpoint.parse(service.address())),
                Tls.trusting(ca),
                RetryPolicy.DEFAULTS,
                LogClientConfig.DEFAULT_MAX_RESPONSE_BYTES));
    }

    /// Five bytes that announce a handshake of 512, and a few of these; to some nobody listens any more.
    private static void halfGreet(Socket socket) {
        try {
            socket.getOutputStream().write(new byte[] {22, 3, 1, 2, 0, 1, 0, 1, (byte) 252, 3, 3});
        } catch (IOException gaveWay) {
            // Its place was taken.
        }
    }

    @Test
    void aLimitThatIsTooLowForTheLogIsRefused() throws Exception {
        try (var service = limited(TOO_LOW_LIMIT)) {
            service.begin();
            assertEquals(CONFIG_REFUSED_EXIT_CODE, service.awaitEnd(PATIENCE));
            var said = Files.readString(service.log(), StandardCharsets.UTF_8);
            assertEquals(1, said.lines().count(), said);
            assertTrue(said.contains("ulimit -n) is " + TOO_LOW_LIMIT + ": allowed is at least"), said);
        }
    }

    private void connectSilently(String address, int count) throws IOException {
        var parts = address.split(":", 2);
        for (var i = 0; i < count; i++) {
            sockets.add(new Socket(parts[0], Integer.parseInt(parts[1])));
        }
    }

    private ManagedChannel channel(ServiceProcess service) {
        var channel =
                NettyChannelBuilder.forTarget(service.address()).usePlaintext().build();
        channels.add(channel);
        return channel;
    }

    private static void follow(ManagedChannel channel) {
        var call = channel.newCall(LogGrpc.getReadMethod(), CallOptions.DEFAULT.withWaitForReady());
        call.start(new ClientCall.Listener<ReadResponse>() {}, new Metadata());
        call.sendMessage(ReadRequest.newBuilder()
                .setStream("s")
                .setEdge(Edge.EDGE_LATEST)
                .setFollow(true)
                .build());
        call.halfClose();
    }

    private void disconnect() throws IOException {
        channels.forEach(channel -> {
            var _ = channel.shutdownNow();
        });
        channels.clear();
        for (var socket : sockets) {
            socket.close();
        }
        sockets.clear();
    }

    /// As somebody who comes now.
    private static void appendAndRead(ServiceProcess service) throws Exception {
        try (var client = LogClient.connect(service.address())) {
            client.createStream("late", StreamConfig.getDefaultInstance(), true);
            try (var appender = client.appender("late")) {
                var offset = appender.append(new byte[] {1})
                        .acknowledged()
                        .get(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                        .offset();
                try (var reader = client.reader("late", ReaderConfig.DEFAULTS.from(ReadFrom.offset(offset)))) {
                    assertTrue(reader.next(PATIENCE) != null, "nothing to read");
                }
            }
        }
    }

    /// How many records there are; each has its number.
    private static int read(LogClient client) throws Exception {
        var count = 0;
        try (var reader = client.reader("s", ReaderConfig.DEFAULTS.from(ReadFrom.offset(0)))) {
            for (var record = reader.next(PATIENCE); record != null; record = reader.next(PATIENCE)) {
                assertEquals(
                        count, Integer.parseInt(record.value().substring(0, 8).toStringUtf8()));
                count++;
            }
        }
        return count;
    }

    private static long linesOfTaken(ServiceProcess service) {
        try (var lines = Files.lines(service.log(), StandardCharsets.UTF_8)) {
            return lines.filter(line -> line.contains(TAKEN)).count();
        } catch (IOException unreadable) {
            throw new AssertionError("no log", unreadable);
        }
    }

    private static double metric(ServiceProcess service, String name) {
        try {
            return service.metric(name);
        } catch (IOException unreachable) {
            throw new AssertionError("no metrics", unreachable);
        }
    }

    private static void await(String what, BooleanSupplier condition) throws InterruptedException {
        var endNanos = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < endNanos, "waited for " + PATIENCE + ": " + what);
            Thread.sleep(20);
        }
    }

    /// Appends records one after the other, each with its number; no append may fail.
    private static final class Producer implements AutoCloseable {
        private final AtomicInteger acknowledged = new AtomicInteger();
        private final AtomicBoolean stop = new AtomicBoolean();
        private volatile @Nullable Exception failure;
        private final Thread thread;

        Producer(LogClient client) {
            thread = Thread.ofPlatform().start(() -> {
                var value = new byte[RECORD_BYTES];
                Arrays.fill(value, (byte) 'x');
                try (var appender = client.appender("s")) {
                    while (!stop.get()) {
                        var number = String.format(Locale.ROOT, "%08d", acknowledged.get())
                                .getBytes(StandardCharsets.US_ASCII);
                        System.arraycopy(number, 0, value, 0, number.length);
                        var _ = appender.append(value.clone())
                                .acknowledged()
                                .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
                        acknowledged.incrementAndGet();
                    }
                } catch (Exception failed) {
                    failure = failed;
                }
            });
        }

        void awaitMore() throws InterruptedException {
            var enough = acknowledged.get() + RECORDS_A_PHASE;
            await("appends go on", () -> failure != null || acknowledged.get() >= enough);
            assertNull(failure, () -> "an append failed: " + failure);
        }

        @Override
        public void close() {
            stop.set(true);
            try {
                thread.join();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
            assertNull(failure, () -> "an append failed: " + failure);
        }
    }
}
