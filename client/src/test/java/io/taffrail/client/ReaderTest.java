package io.taffrail.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.taffrail.proto.log.ErrorCode;
import io.taffrail.proto.log.Isolation;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What one replica cannot give is read from another.
class ReaderTest {
    private static final RetryPolicy NO_PATIENCE = RetryPolicy.DEFAULTS.withTotalTimeout(Duration.ofMillis(1));

    private ScriptedLogServer leader;
    private ScriptedLogServer second;
    private ScriptedLogServer third;

    @BeforeEach
    void start() throws Exception {
        leader = new ScriptedLogServer();
        second = new ScriptedLogServer();
        third = new ScriptedLogServer();
        fill(leader, 100);
        fill(third, 100);
    }

    @AfterEach
    void stop() {
        leader.close();
        second.close();
        third.close();
    }

    @Test
    void asksTheNextReplicaIfOneIsDown() {
        leader.damagedFrom(40, true);
        second.close();
        assertEquals(numbered(100), readAll(RetryPolicy.DEFAULTS, leader, second, third));
    }

    @ParameterizedTest
    @EnumSource(names = {"ERROR_CODE_STREAM_NOT_FOUND", "ERROR_CODE_OUT_OF_RANGE"})
    void asksTheNextReplicaIfOneLacksWhatIsDamaged(ErrorCode code) {
        leader.damagedFrom(0, true);
        second.refuseReads(code, 0);
        assertEquals(numbered(100), readAll(RetryPolicy.DEFAULTS, leader, second, third));
    }

    @Test
    void asksTheNextReplicaIfOneHasNothingYet() {
        leader.damagedFrom(0, true);
        assertEquals(numbered(100), readAll(RetryPolicy.DEFAULTS, leader, second, third));
    }

    @Test
    void saysWhatIsDamagedIfNoOtherReplicaAnswers() {
        leader.damagedFrom(40, true);
        second.close();
        assertEquals(ErrorCode.ERROR_CODE_DATA_LOSS, refusal(NO_PATIENCE, leader, second));
    }

    @Test
    void readsElsewhereWhatAReplicaThatLagsDoesNotHaveYet() {
        leader.damagedFrom(40, true);
        fill(second, 60);
        assertEquals(numbered(100), readAll(RetryPolicy.DEFAULTS, leader, second, third));
        assertEquals(1, second.reads());
    }

    @Test
    void doesNotEndWhereTheOnlyOtherReplicaLags() {
        leader.damagedFrom(40, true);
        fill(second, 60);
        assertEquals(ErrorCode.ERROR_CODE_DATA_LOSS, refusal(NO_PATIENCE, leader, second));
    }

    @Test
    void endsAsTheLeaderSaysIfTheStreamIsDeletedMeanwhile() {
        leader.damagedFrom(40, true);
        leader.refuseReads(ErrorCode.ERROR_CODE_STREAM_NOT_FOUND, 1);
        fill(second, 60);
        assertEquals(ErrorCode.ERROR_CODE_STREAM_NOT_FOUND, refusal(RetryPolicy.DEFAULTS, leader, second));
    }

    @Test
    void readsNoMoreThanAskedForFromAReplicaThatLags() {
        leader.damagedFrom(40, true);
        fill(second, 60);
        assertEquals(numbered(50), readAll(ReaderConfig.DEFAULTS.maxRecords(50), RetryPolicy.DEFAULTS, leader, second));
        assertEquals(1, leader.reads());
        assertEquals(1, second.reads());
    }

    @Test
    void endsWhereTheNextLeaderDoesIfOnlyBuffered() {
        leader.breakReadsAfter(4);
        leader.leaderIs(second.address());
        second.leaderIs(second.address());
        fill(second, 60);
        var config = ReaderConfig.DEFAULTS.isolation(Isolation.ISOLATION_BUFFERED);
        assertEquals(numbered(60), readAll(config, RetryPolicy.DEFAULTS, leader, second));
    }

    @Test
    void endsWhereTheLeaderDoesThoughAReplicaThatLagsIsAskedFirst() {
        second.follows(leader.address());
        assertEquals(numbered(100), readAll(RetryPolicy.DEFAULTS, second, leader));
        assertEquals(0, second.reads());
    }

    @Test
    void readsWhatAReplicaHasWhereNobodyLeads() {
        fill(second, 60);
        second.follows("");
        assertEquals(numbered(60), readAll(RetryPolicy.DEFAULTS, second));
    }

    private static ErrorCode refusal(RetryPolicy retry, ScriptedLogServer... servers) {
        return assertThrows(LogClientException.class, () -> readAll(retry, servers))
                .code();
    }

    private static List<String> readAll(RetryPolicy retry, ScriptedLogServer... servers) {
        return readAll(ReaderConfig.DEFAULTS, retry, servers);
    }

    private static List<String> readAll(ReaderConfig config, RetryPolicy retry, ScriptedLogServer... servers) {
        var endpoints = Stream.of(servers)
                .map(server -> Endpoint.parse(server.address()))
                .toList();
        var read = new ArrayList<String>();
        try (var client = new LogClient(
                        new LogClientConfig(endpoints, null, retry, LogClientConfig.DEFAULT_MAX_RESPONSE_BYTES));
                var reader = client.reader("s", config)) {
            reader.iterator().forEachRemaining(next -> read.add(next.value().toStringUtf8()));
        }
        return read;
    }

    private static void fill(ScriptedLogServer server, int records) {
        try (var client = LogClient.connect(server.address());
                var appender = client.appender("s")) {
            for (var value : numbered(records)) {
                var _ = appender.append(value.getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    private static List<String> numbered(int count) {
        return IntStream.range(0, count).mapToObj(i -> "r" + i).toList();
    }
}
