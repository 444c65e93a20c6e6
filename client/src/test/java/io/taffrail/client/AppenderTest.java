package io.taffrail.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.taffrail.client.ScriptedLogServer.Fate;
import io.taffrail.proto.log.AppendRequest;
import io.taffrail.proto.log.AppendStage;
import io.taffrail.proto.log.CommitMode;
import io.taffrail.proto.log.ErrorCode;
import io.taffrail.proto.log.Record;
import io.taffrail.proto.log.RegisterProducerResponse;
import io.taffrail.proto.log.ReplicationMode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class AppenderTest {
    private static final Duration SOON = Duration.ofMinutes(5);
    private static final AppenderConfig ONE_RECORD_A_BATCH = AppenderConfig.DEFAULTS.batching(1, 1, Duration.ZERO);

    private ScriptedLogServer server;
    private LogClient client;

    @BeforeEach
    void start() throws Exception {
        server = new ScriptedLogServer();
        client = LogClient.connect(server.address());
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
    }

    @Test
    void tellsEachRecordItsOffset() throws Exception {
        try (var appender = client.appender("s")) {
            var appends = new ArrayList<PendingAppend>();
            for (var i = 0; i < 100; i++) {
                appends.add(appender.append(bytes("r" + i)));
            }
            for (var i = 0; i < 100; i++) {
                var receipt = appends.get(i).acknowledged().get(5, TimeUnit.MINUTES);
                assertEquals(i, receipt.offset());
                assertEquals(i, appends.get(i).replicated().get(5, TimeUnit.MINUTES));
            }
        }
        assertEquals(numbered(100), server.values());
    }

    @ParameterizedTest
    @EnumSource(Fate.class)
    void logsEachRecordOnceInOrderWhateverBefallsABatch(Fate fate) {
        try (var appender = client.appender("s", ONE_RECORD_A_BATCH)) {
            server.script(Fate.LOG, fate, fate, Fate.LOG, fate);
            append(appender, 0, 20);
            appender.flush(SOON);
            assertEquals(20, appender.acknowledgedRecords());
        }
        assertEquals(numbered(20), server.values());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void logsEachRecordOnceInOrderThroughAnyMixOfFailures(long seed) {
        var random = new Random(seed);
        var fates = Fate.values();
        for (var i = 0; i < 60; i++) {
            server.script(random.nextInt(3) > 0 ? Fate.LOG : fates[random.nextInt(fates.length)]);
        }
        try (var appender = client.appender("s", AppenderConfig.DEFAULTS.batching(64, 3, Duration.ZERO))) {
            append(appender, 0, 300);
            appender.flush(SOON);
        }
        assertEquals(numbered(300), server.values());
        assertTrue(server.connections() > 1, "nothing broke");
    }

    /// The connection's thread is kept by a future's callback meanwhile.
    @Test
    void whatIsAppendedWhileTheConnectionIsBusyGoesInOneBatch() throws Exception {
        try (var appender = client.appender("s", AppenderConfig.DEFAULTS)) {
            var busy = new CountDownLatch(1);
            var appended = new CountDownLatch(1);
            server.answersAppends(false);
            var callback = appender.append(bytes("r0")).acknowledged().thenRun(() -> {
                busy.countDown();
                assertDoesNotThrow(() -> appended.await(1, TimeUnit.MINUTES));
            });
            server.awaitLogged(1);
            server.answersAppends(true);
            server.answerLate();
            assertTrue(busy.await(1, TimeUnit.MINUTES));
            append(appender, 1, 10);
            appended.countDown();
            callback.get(1, TimeUnit.MINUTES);
            appender.flush(SOON);
        }
        assertEquals(numbered(11), server.values());
        // The second does not know of the others yet.
        assertEquals(List.of(1, 1, 9), server.batchSizes());
    }

    @Test
    void appendersOfOneLevelShareACall() {
        var first = client.appender("s", ONE_RECORD_A_BATCH);
        append(first, 0, 2);
        first.flush(SOON);
        try (var second = client.appender("s", ONE_RECORD_A_BATCH)) {
            append(second, 2, 2);
            second.flush(SOON);
            first.close();
            append(second, 4, 2);
            second.flush(SOON);
            assertEquals(1, server.connections());
        }
        assertEquals(numbered(6), server.values());
    }

    /// A refusal, or a broken connection, of one of them is not to lose, double or reorder what the others send.
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void appendersThatShareACallLogEachRecordOnceInOrderThroughAnyMixOfFailures(long seed) throws Exception {
        var random = new Random(seed);
        var fates = Fate.values();
        for (var i = 0; i < 200; i++) {
            server.script(random.nextInt(6) > 0 ? Fate.LOG : fates[random.nextInt(fates.length)]);
        }
        var appenders = new ArrayList<Appender>();
        for (var i = 0; i < 5; i++) {
            appenders.add(client.appender("s", AppenderConfig.DEFAULTS.batching(64, 3, Duration.ZERO)));
        }
        var threads = new ArrayList<Thread>();
        for (var i = 0; i < 5; i++) {
            var number = i;
            threads.add(Thread.ofPlatform().start(() -> {
                for (var j = 0; j < 100; j++) {
                    var _ = appenders.get(number).append((number + ":" + j).getBytes(UTF_8));
                }
                appenders.get(number).close();
            }));
        }
        for (var thread : threads) {
            thread.join();
        }
        for (var i = 0; i < 5; i++) {
            var mine = i + ":";
            assertEquals(
                    IntStream.range(0, 100).mapToObj(j -> mine + j).toList(),
                    server.values().stream()
                            .filter(value -> value.startsWith(mine))
                            .toList());
        }
    }

    @Test
    void saysThatAcknowledgedRecordsWereLost() {
        var appender = client.appender("s", ONE_RECORD_A_BATCH);
        append(appender, 0, 4);
        appender.flush(SOON);
        server.forgetBatchesFrom(2);
        var refused = assertThrows(LogClientException.class, () -> {
            append(appender, 4, 1);
            appender.flush(SOON);
        });
        assertEquals(ErrorCode.ERROR_CODE_OUT_OF_SEQUENCE, refused.code());
        assertTrue(
                refused.getMessage().contains("batches 2 to 3 were acknowledged and are lost"), refused.getMessage());
        assertThrows(LogClientException.class, () -> append(appender, 5, 1));
        assertThrows(LogClientException.class, appender::close);
        assertEquals(numbered(2), server.values());
    }

    @Test
    void aFailureInATryBlockComesOutThoughClosingFailsToo() {
        var refused = assertThrows(LogClientException.class, () -> {
            try (var appender = client.appender("s", ONE_RECORD_A_BATCH)) {
                append(appender, 0, 4);
                appender.flush(SOON);
                server.forgetBatchesFrom(2);
                append(appender, 4, 1);
                appender.flush(SOON);
            }
        });
        assertEquals(ErrorCode.ERROR_CODE_OUT_OF_SEQUENCE, refused.code());
    }

    @Test
    void goesOnWhereTheNamedProducerStoodAndFencesTheOneBefore() {
        var config = ONE_RECORD_A_BATCH.producerName("importer");
        var before = client.appender("s", config);
        append(before, 0, 7);
        before.flush(SOON);
        try (var after = client.appender("s", config)) {
            assertEquals(7, after.recordsBefore());
            append(after, 7, 3);
        }
        var fenced = assertThrows(LogClientException.class, () -> {
            append(before, 10, 1);
            before.flush(SOON);
        });
        assertEquals(ErrorCode.ERROR_CODE_FENCED, fenced.code());
        assertThrows(LogClientException.class, before::close);
        assertEquals(numbered(10), server.values());
    }

    @Test
    void followsTheHintToTheLeader() throws Exception {
        try (var leader = new ScriptedLogServer()) {
            server.leaderIs(leader.address());
            server.script(Fate.NOT_LEADER);
            try (var appender = client.appender("s")) {
                append(appender, 0, 5);
            }
            assertEquals(numbered(5), leader.values());
            assertEquals(List.of(), server.values());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"NOT_LEADER", "BREAK_FIRST"})
    void goesThroughItsEndpointsWhenTheLeadersAddressIsNone(Fate fate) {
        try (var appender = client.appender("s", ONE_RECORD_A_BATCH.deliveryTimeout(Duration.ofSeconds(20)))) {
            append(appender, 0, 1);
            appender.flush(SOON);
            server.leaderIs("h:abc");
            server.script(fate);
            append(appender, 1, 1);
        }
        assertEquals(numbered(2), server.values());
    }

    /// As a leader is that was cut off from the others and not from its clients.
    @Test
    void asksTheOthersWhenNothingIsAcknowledged() throws Exception {
        try (var leader = new ScriptedLogServer()) {
            server.answersAppends(false);
            try (var other = LogClient.connect(server.address(), leader.address());
                    var appender = other.appender("s", ONE_RECORD_A_BATCH)) {
                append(appender, 0, 3);
                leader.registered(1);
                leader.leaderIs(leader.address());
                appender.flush(SOON);
            }
            assertEquals(numbered(3), leader.values());
            assertEquals(1, leader.connections());
        }
    }

    @Test
    void staysWithALeaderThatIsOnlySlow() throws Exception {
        try (var follower = new ScriptedLogServer()) {
            server.answersAppends(false);
            server.leaderIs(server.address());
            follower.leaderIs(server.address());
            try (var other = LogClient.connect(server.address(), follower.address());
                    var appender = other.appender("s", ONE_RECORD_A_BATCH)) {
                append(appender, 0, 3);
                follower.awaitAsked(1);
                server.answersAppends(true);
                server.answerLate();
                appender.flush(SOON);
            }
            assertEquals(1, server.connections(), "the same connection all the time");
            assertEquals(List.of(), follower.values());
        }
    }

    @Test
    void findsTheLeaderThroughAnotherReplicaWhenTheFirstIsGone() throws Exception {
        String goneAddress;
        try (var gone = new ScriptedLogServer()) {
            goneAddress = gone.address();
        }
        try (var leader = new ScriptedLogServer()) {
            server.leaderIs(leader.address());
            try (var other = LogClient.connect(goneAddress, server.address());
                    var appender = other.appender("s")) {
                append(appender, 0, 5);
            }
            assertEquals(numbered(5), leader.values());
        }
    }

    @Test
    void refusesMoreThanMayBeInFlight() {
        server.answersAppends(false);
        var small = ONE_RECORD_A_BATCH.inFlight(1_000_000, 3, AppenderConfig.WhenFull.REJECT, Duration.ofSeconds(1));
        isFullAfterThree(small);
    }

    @Test
    void waitsForRoomNoLongerThanItMay() {
        server.answersAppends(false);
        var small = ONE_RECORD_A_BATCH.inFlight(1_000_000, 3, AppenderConfig.WhenFull.WAIT, Duration.ofMillis(50));
        isFullAfterThree(small);
    }

    /// The one answer that makes room may come at any moment, also between the look for room and the wait for it. No
    /// watch comes by here to find what was missed then.
    @Test
    void noticesEveryAnswerWhileItWaitsForRoom() throws Exception {
        var config = ONE_RECORD_A_BATCH.inFlight(1_000_000, 1, AppenderConfig.WhenFull.WAIT, Duration.ofSeconds(20));
        var done = new CountDownLatch(1);
        server.registered(1);
        try (var timer = Executors.newSingleThreadScheduledExecutor();
                var busyTimer = Executors.newSingleThreadScheduledExecutor();
                var connections = new Connections(null, 1 << 20)) {
            busyTimer.execute(() -> assertDoesNotThrow(() -> done.await()));
            try (var appender = new Appender(
                    "s",
                    config,
                    RegisterProducerResponse.newBuilder().setProducerId(1).build(),
                    new AppendCalls(connections),
                    new LeaderCache(List.of(Endpoint.parse(server.address())), connections),
                    RetryPolicy.DEFAULTS,
                    timer,
                    new DeliveryWatch(busyTimer),
                    _ -> {})) {
                append(appender, 0, 20_000);
            } finally {
                done.countDown();
                busyTimer.shutdownNow();
            }
        }
        assertEquals(numbered(20_000), server.values());
    }

    /// And takes more, once those are answered.
    private void isFullAfterThree(AppenderConfig config) {
        try (var appender = client.appender("s", config)) {
            append(appender, 0, 3);
            var full = assertThrows(LogClientException.class, () -> append(appender, 3, 1));
            assertEquals(LogClientException.Kind.BUFFER_FULL, full.kind());
            server.answersAppends(true);
            server.answerLate();
            appender.flush(SOON);
            append(appender, 3, 1);
        }
        assertEquals(numbered(4), server.values());
    }

    @Test
    void failsWhatCannotBeDeliveredInTimeAndSaysThatItMayBeInTheLog() {
        server.answersAppends(false);
        var appender = client.appender("s", ONE_RECORD_A_BATCH.deliveryTimeout(Duration.ofMillis(300)));
        var append = appender.append(bytes("r0"));
        var failed = assertThrows(
                ExecutionException.class, () -> append.acknowledged().get(5, TimeUnit.MINUTES));
        var cause = assertInstanceOf(LogClientException.class, failed.getCause());
        assertEquals(LogClientException.Kind.TIMED_OUT, cause.kind());
        assertTrue(cause.getMessage().contains("may or may not be in the log"), cause.getMessage());
        assertThrows(LogClientException.class, appender::close);
    }

    /// A callback sits between the acknowledgement's first level and its last while the appender fails, which fails
    /// the level that is still to come.
    @Test
    void anAcknowledgedRecordStaysAcknowledgedWhenTheAppenderFails() throws Exception {
        var appender = client.appender(
                "s",
                ONE_RECORD_A_BATCH
                        .modes(CommitMode.COMMIT_MODE_ASYNC, ReplicationMode.REPLICATION_MODE_ASYNC)
                        .laterStages(AppendStage.APPEND_STAGE_DURABLE)
                        .deliveryTimeout(Duration.ofSeconds(10)));
        server.answersAppends(false);
        var first = appender.append(bytes("r0"));
        var failed = first.accepted().thenRun(() -> {
            var giveUp = System.nanoTime() + SOON.toNanos();
            assertThrows(LogClientException.class, () -> {
                while (System.nanoTime() < giveUp) {
                    append(appender, 1, 1);
                    Thread.sleep(5);
                }
            });
        });
        server.awaitLogged(1);
        server.answerLate();
        failed.get(5, TimeUnit.MINUTES);
        assertEquals(0, first.acknowledged().get(5, TimeUnit.MINUTES).offset());
        assertThrows(ExecutionException.class, () -> first.durable().get(5, TimeUnit.MINUTES));
        assertThrows(LogClientException.class, appender::close);
    }

    @Test
    void isLookedAfterAgainOnceItWaitedForNothing() throws Exception {
        var appender = client.appender("s", ONE_RECORD_A_BATCH.deliveryTimeout(Duration.ofSeconds(5)));
        append(appender, 0, 1);
        appender.flush(SOON);
        var giveUp = System.nanoTime() + SOON.toNanos();
        while (client.waitingAppenders() > 0) {
            assertTrue(System.nanoTime() < giveUp, "it is still looked after");
            Thread.sleep(5);
        }
        server.answersAppends(false);
        var append = appender.append(bytes("r1"));
        var failed = assertThrows(
                ExecutionException.class, () -> append.acknowledged().get(30, TimeUnit.SECONDS));
        assertEquals(
                LogClientException.Kind.TIMED_OUT,
                assertInstanceOf(LogClientException.class, failed.getCause()).kind());
        assertThrows(LogClientException.class, appender::close);
        assertEquals(0, client.waitingAppenders());
    }

    @Test
    void gathersRecordsWhileTheyLinger() {
        var config = AppenderConfig.DEFAULTS.batching(1 << 20, 10_000, Duration.ofMinutes(5));
        try (var appender = client.appender("s", config)) {
            var first = appender.append(bytes("r0"));
            append(appender, 1, 99);
            assertFalse(first.acknowledged().isDone());
            appender.flush(SOON);
            assertEquals(100, first.acknowledged().join().acknowledgement().getRecordCount());
        }
        assertEquals(numbered(100), server.values());
    }

    @Test
    void aRangeOutsideOfTheValueLeavesTheBatchAsItWas() {
        var config = AppenderConfig.DEFAULTS.batching(1 << 20, 10_000, Duration.ofMinutes(5));
        try (var appender = client.appender("s", config)) {
            append(appender, 0, 1);
            assertThrows(IndexOutOfBoundsException.class, () -> appender.append(bytes("r1"), 1, 2));
            assertThrows(IndexOutOfBoundsException.class, () -> appender.append(bytes("r1"), 0, -1));
            append(appender, 1, 1);
        }
        assertEquals(numbered(2), server.values());
    }

    @Test
    void refusesARecordThatNoRequestCanTakeAndGoesOn() {
        try (var appender = client.appender(
                "s", AppenderConfig.DEFAULTS.batching(64, 10, Duration.ZERO).maxRequestBytes(100))) {
            append(appender, 0, 1);
            for (var append : List.<Supplier<PendingAppend>>of(
                    () -> appender.append(new byte[100]), () -> appender.append("key", new byte[100]))) {
                var refused = assertThrows(LogClientException.class, append::get);
                assertEquals(ErrorCode.ERROR_CODE_TOO_LARGE, refused.code());
                assertFalse(refused.isRetryable());
            }
            append(appender, 1, 1);
        }
        assertEquals(numbered(2), server.values());
    }

    /// Scenario: 1. two appenders share a call. 2. the request of one is larger than the service takes, which ends the
    /// call. 3. the other goes on over the next one.
    @Test
    void aRequestThatEndsTheCallFailsItsOwnAppenderAlone() {
        server.mostRequestBytes(1_000);
        try (var modest = client.appender("s", ONE_RECORD_A_BATCH)) {
            append(modest, 0, 2);
            modest.flush(SOON);
            var greedy = client.appender("s", ONE_RECORD_A_BATCH);
            var _ = greedy.append(new byte[2_000]);
            append(modest, 2, 2);
            var refused = assertThrows(LogClientException.class, () -> greedy.flush(SOON));
            assertEquals(ErrorCode.ERROR_CODE_TOO_LARGE, refused.code());
            assertThrows(LogClientException.class, greedy::close);
            append(modest, 4, 2);
            modest.flush(SOON);
            assertEquals(2, server.connections());
        }
        assertEquals(numbered(6), server.values());
    }

    @Test
    void closingFlushes() {
        var config = AppenderConfig.DEFAULTS
                .batching(1 << 20, 10_000, Duration.ofMinutes(5))
                .modes(CommitMode.COMMIT_MODE_ASYNC, ReplicationMode.REPLICATION_MODE_ASYNC);
        try (var other = LogClient.connect(server.address())) {
            append(other.appender("s", config), 0, 10);
        }
        assertEquals(numbered(10), server.values());
    }

    @Test
    void readsOnWhereTheConnectionBroke() {
        try (var appender = client.appender("s")) {
            append(appender, 0, 100);
        }
        server.breakReadsAfter(4);
        var read = new ArrayList<String>();
        try (var reader = client.reader("s", ReaderConfig.DEFAULTS)) {
            while (!reader.isAtEnd()) {
                var next = reader.next(SOON);
                if (next != null) {
                    assertEquals(read.size(), next.offset());
                    read.add(next.value().toStringUtf8());
                }
            }
        }
        assertEquals(numbered(100), read);
    }

    private static List<String> readAll(LogClient client) {
        var read = new ArrayList<String>();
        try (var reader = client.reader("s", ReaderConfig.DEFAULTS)) {
            reader.iterator().forEachRemaining(next -> read.add(next.value().toStringUtf8()));
        }
        return read;
    }

    @Test
    void readsFromAnotherReplicaWhatIsDamagedOnOne() throws Exception {
        try (var other = new ScriptedLogServer();
                var both = LogClient.connect(server.address(), other.address())) {
            fillEach(100, server, other);
            server.damagedFrom(40, true);
            assertEquals(numbered(100), readAll(both));
            assertEquals(1, server.reads());
            assertEquals(1, other.reads());
        }
    }

    private static void fillEach(int records, ScriptedLogServer... servers) {
        for (var each : servers) {
            try (var one = LogClient.connect(each.address())) {
                append(one.appender("s"), 0, records);
            }
        }
    }

    @Test
    void readsNoMoreOfALogOfWhichThereIsNoOtherCopy() {
        try (var appender = client.appender("s")) {
            append(appender, 0, 10);
        }
        server.damagedFrom(5, false);
        var refused = assertThrows(LogClientException.class, () -> readAll(client));
        assertEquals(ErrorCode.ERROR_CODE_DATA_LOSS, refused.code());
        assertEquals(1, server.reads());
    }

    @Test
    void asksTheLeaderOnceForWhatItsDiskLost() {
        server.damagedFrom(0, true);
        var refused = assertThrows(LogClientException.class, () -> client.trimStream("s", 1));
        assertEquals(ErrorCode.ERROR_CODE_DATA_LOSS, refused.code());
        assertEquals(1, server.trims());
    }

    /// Until its time is over, and then it says why.
    @Test
    void asksEveryReplicaForWhatIsDamagedOnAll() throws Exception {
        var retry = RetryPolicy.DEFAULTS.withTotalTimeout(Duration.ofMillis(1));
        try (var other = new ScriptedLogServer()) {
            var endpoints = List.of(Endpoint.parse(server.address()), Endpoint.parse(other.address()));
            fillEach(10, server, other);
            server.damagedFrom(0, true);
            other.damagedFrom(0, true);
            try (var both = new LogClient(
                    new LogClientConfig(endpoints, null, retry, LogClientConfig.DEFAULT_MAX_RESPONSE_BYTES))) {
                var refused = assertThrows(LogClientException.class, () -> readAll(both));
                assertEquals(ErrorCode.ERROR_CODE_DATA_LOSS, refused.code());
            }
            assertEquals(1, server.reads());
            assertEquals(1, other.reads());
        }
    }

    @Test
    void readsNoMoreThanAskedForOverABrokenConnection() {
        try (var appender = client.appender("s")) {
            append(appender, 0, 100);
        }
        server.breakReadsAfter(4);
        var read = new ArrayList<String>();
        try (var reader = client.reader("s", ReaderConfig.DEFAULTS.maxRecords(50))) {
            reader.iterator().forEachRemaining(next -> read.add(next.value().toStringUtf8()));
        }
        assertEquals(numbered(50), read);
    }

    @Test
    void writesRecordsAsProtobufDoes() {
        var encoder = new RecordEncoder(0);
        var request = AppendRequest.newBuilder();
        for (var length : new int[] {0, 1, 125, 126, 127, 128, 16_383, 16_384, 70_000}) {
            var value = new byte[length];
            encoder.add(value, 0, length);
            request.addRecords(Record.newBuilder().setValue(ByteString.copyFrom(value)));
            encoder.add(request.getRecords(0));
            request.addRecords(request.getRecords(0));
        }
        var expected = request.build().toByteArray();
        assertEquals(expected.length, encoder.size());
        for (var i = 0; i < expected.length; i++) {
            assertEquals(expected[i], encoder.bytes()[i], "byte " + i);
        }
    }

    private static void append(Appender appender, int first, int count) {
        for (var i = first; i < first + count; i++) {
            appender.append(bytes("r" + i));
        }
    }

    private static List<String> numbered(int count) {
        return IntStream.range(0, count).mapToObj(i -> "r" + i).toList();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
