package io.taffrail.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.smallrye.config.ConfigValidationException;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.taffrail.service.accept.OpenFiles;
import io.taffrail.streams.Durability;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServiceSettingsTest {
    private static final long PLENTY = 1L << 40;

    private static ServiceConfig config(Map<String, String> properties) {
        return new SmallRyeConfigBuilder()
                .addDefaultInterceptors()
                .withSources(new PropertiesConfigSource(properties, "test", 100))
                .withMapping(ServiceConfig.class)
                .build()
                .getConfigMapping(ServiceConfig.class);
    }

    private static String refusal(Map<String, String> properties) {
        return String.valueOf(assertThrows(ConfigRefusedException.class, () -> ServiceSettings.of(config(properties)))
                .getMessage());
    }

    @Test
    void theDefaultsAreTheSafestAndPassTheirOwnCheck() {
        var settings = ServiceSettings.of(config(Map.of()));
        assertEquals(
                Durability.SAFEST_DEFAULT, settings.replicaSettings().streams().durability());
        assertEquals(ServiceSettings.ClusterMode.SINGLE, settings.clusterMode());
        assertEquals(10_000_000, settings.wal().writerDelayNanos());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "writer-delay | 0ms | taffrail.writer-delay is 0s: allowed is 1ms to 10s",
                "writer-delay | 1us | taffrail.writer-delay is 1us: allowed is 1ms to 10s",
                "writer-delay | 10h | taffrail.writer-delay is 10h: allowed is 1ms to 10s",
                "retention.age | 106752d | taffrail.retention.age is 106752d: allowed is 0s to 36500d",
                "scrub.interval | 999999999999999ms | taffrail.scrub.interval is 999999999999999ms: allowed is 1s to"
                        + " 365d",
                "election.heartbeat | 106751991167300d | taffrail.election.heartbeat is 106751991167300d: allowed is"
                        + " 10ms to 10s",
                "commit-mode | Maybe | taffrail.commit-mode is Maybe: allowed is Async, Sync",
                "replication-mode | Most | taffrail.replication-mode is Most: allowed is Async, Quorum, All",
                "io.method | Mmap | taffrail.io.method is Mmap: allowed is Auto, Sync, Worker, IoUring, PosixAio",
                "cluster.mode | three | taffrail.cluster.mode is three: allowed is Single, Static, Managed",
                "storage.segment-bytes | 1048577 | taffrail.storage.segment-bytes is 1048577: allowed is a multiple of 4Ki",
                "limits.pending-bytes | 5 | taffrail.limits.pending-bytes is 5: allowed is 1Mi to 1Gi",
                "scrub.bytes-per-second | 1Ki | taffrail.scrub.bytes-per-second is 1Ki: allowed is 0, or 64Ki to 1Gi",
                "port | 70000 | taffrail.port is 70000: allowed is 0 to 65535",
                "advertised-address | nowhere | taffrail.advertised-address is nowhere: allowed is host:port,"
                        + " a port from 1 to 65535, at most 512 bytes",
                "peer.advertised-address | h:70000 | taffrail.peer.advertised-address is h:70000: allowed is host:port,"
                        + " a port from 1 to 65535, at most 512 bytes",
                "limits.on-full | Drop | taffrail.limits.on-full is Drop: allowed is Wait, Reject",
            })
    void aValueOutOfBoundsIsRefusedByName(String property, String value, String refusal) {
        assertEquals(refusal, refusal(Map.of("taffrail." + property, value)));
    }

    @Test
    void relationsBetweenTwoSettingsNameBoth() {
        assertEquals(
                "taffrail.election.timeout-min is 250ms and taffrail.election.heartbeat is 100ms: allowed is a timeout"
                        + " of at least 3 heartbeats",
                refusal(Map.of("taffrail.election.timeout-min", "250ms")));
        assertTrue(refusal(Map.of("taffrail.election.timeout-max", "1s")).contains("taffrail.election.timeout-min"));
        assertTrue(refusal(Map.of("taffrail.commit-mode", "Async", "taffrail.minimum.commit-mode", "Sync"))
                .contains("taffrail.minimum.commit-mode"));
        assertTrue(refusal(Map.of("taffrail.tls.certificate", "a.pem")).contains("taffrail.tls.key"));
    }

    @Test
    void pendingBytesMayBeMoreThanTheTailCache() {
        var files = new OpenFiles(1 << 20, 2);
        var most = config(Map.of("taffrail.limits.pending-bytes", "1Gi"));
        var least = (1L << 30) + (16 << 20);
        assertEquals(1 << 30, ServiceSettings.of(most, files, least).wal().memoryBytes());
        assertTrue(assertThrows(ConfigRefusedException.class, () -> ServiceSettings.of(most, files, least - 1))
                .toString()
                .contains("allowed is at least 1090519040 with taffrail.storage.tail-cache-bytes 100663296,"
                        + " taffrail.limits.pending-bytes 1073741824"));
    }

    @Test
    void clientsGetWhatTheLimitOnOpenFilesLeaves() {
        var few = new OpenFiles(1_024, 2);
        assertEquals(
                few.clients(), ServiceSettings.of(config(Map.of()), few, PLENTY).clientConnections());
        var many = new OpenFiles(1 << 20, 2);
        assertEquals(20_000, ServiceSettings.of(config(Map.of()), many, PLENTY).clientConnections());
        var wanted = config(Map.of("taffrail.limits.connections", "1000"));
        assertEquals(1_000, ServiceSettings.of(wanted, many, PLENTY).clientConnections());
        assertEquals(
                "taffrail.limits.connections is 1000: allowed is 1 to 248 while the limit on open files (ulimit -n) is"
                        + " 1024",
                assertThrows(ConfigRefusedException.class, () -> ServiceSettings.of(wanted, few, PLENTY))
                        .getMessage());
        var none = new OpenFiles(256, 2);
        assertEquals(
                "the limit on open files (ulimit -n) is 256: allowed is at least 792",
                assertThrows(ConfigRefusedException.class, () -> ServiceSettings.of(config(Map.of()), none, PLENTY))
                        .getMessage());
    }

    @Test
    void memoryOutsideTheHeapHoldsTheTailAndMore() {
        var files = new OpenFiles(1 << 20, 2);
        var small = config(Map.of(
                "taffrail.storage.segment-bytes", "1Mi",
                "taffrail.storage.tail-cache-bytes", "32Mi",
                "taffrail.limits.pending-bytes", "1Mi"));
        assertEquals(32 << 20, ServiceSettings.of(small, files, 48 << 20).wal().tailCacheBytes());
        assertEquals(
                "the memory outside the heap (-XX:MaxDirectMemorySize, else as much as -Xmx) is 50331647: allowed is at"
                        + " least 50331648 with taffrail.storage.tail-cache-bytes 33554432,"
                        + " taffrail.limits.pending-bytes 1048576 and taffrail.storage.segment-bytes 1048576",
                assertThrows(ConfigRefusedException.class, () -> ServiceSettings.of(small, files, (48 << 20) - 1))
                        .getMessage());
    }

    @Test
    void requestMemoryThatTheHeapCutsShortIsTold() {
        var quarter = Runtime.getRuntime().maxMemory() / 4;
        var unset = config(Map.of());
        assertNull(ServiceSettings.of(unset).curtailed(unset));
        var much = config(Map.of("taffrail.limits.request-memory", "1024Gi"));
        var settings = ServiceSettings.of(much);
        assertEquals(quarter, settings.rpcLimits().memoryBytes());
        assertEquals(
                "taffrail.limits.request-memory is 1099511627776, and a quarter of the heap is less: " + quarter
                        + " is used",
                settings.curtailed(much));
    }

    @Test
    void allProblemsAreToldAtOnce() {
        var refused = assertThrows(
                ConfigRefusedException.class,
                () -> ServiceSettings.of(config(Map.of("taffrail.port", "-1", "taffrail.writer-delay", "1h"))));
        assertEquals(2, refused.problems().size());
    }

    @Test
    void aStaticClusterNamesEachVoterOnceAndThisReplica() {
        var voters = "0=h:1/h:2,1=h:3/h:4";
        assertEquals(
                2,
                ServiceSettings.of(config(Map.of(
                                "taffrail.cluster.mode", "static",
                                "taffrail.cluster.voters", voters,
                                "taffrail.node-id", "1")))
                        .voters()
                        .size());
        assertTrue(refusal(Map.of(
                        "taffrail.cluster.mode", "static",
                        "taffrail.cluster.voters", voters,
                        "taffrail.node-id", "2"))
                .contains("taffrail.node-id=2"));
        assertTrue(refusal(Map.of("taffrail.cluster.mode", "static", "taffrail.cluster.voters", "0=h:1/h:2,0=h:3/h:4"))
                .contains("each id once"));
        assertTrue(refusal(Map.of("taffrail.cluster.voters", voters)).contains("taffrail.cluster.mode=static"));
    }

    @Test
    void anUnknownKeyIsRefused() {
        var refused =
                assertThrows(ConfigValidationException.class, () -> config(Map.of("taffrail.writer-dealy", "10ms")));
        assertTrue(String.valueOf(refused.getMessage()).contains("taffrail.writer-dealy"), refused.toString());
    }

    @Test
    void aValueOfTheWrongKindNamesItsProperty() {
        var refused =
                assertThrows(ConfigValidationException.class, () -> config(Map.of("taffrail.writer-delay", "10")));
        var message = String.valueOf(refused.getMessage());
        assertTrue(message.contains("taffrail.writer-delay") && message.contains("like 10ms"), message);
    }
}
