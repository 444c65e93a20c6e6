package io.taffrail.service;

import static io.restassured.RestAssured.get;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.taffrail.service.host.ReplicaHost;
import io.taffrail.streams.StreamStoreConfig;
import jakarta.inject.Inject;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(value = DataDirectory.class, restrictToAnnotatedClass = true)
class HealthAndMetricsTest {
    @Inject
    ReplicaHost host;

    @Test
    void probesAreUpOnceTheReplicaLeads() {
        try (var client = RunningReplica.connect(host)) {
            client.createStream("probe");
        }
        get("/health/live").then().statusCode(200).body("status", equalTo("UP"));
        get("/health/started").then().statusCode(200).body("checks[0].data.recoveryPercent", equalTo(100));
        get("/health/ready")
                .then()
                .statusCode(200)
                .body("checks[0].data.state", equalTo("LEADER"))
                .body("checks[0].data.recoveryPercent", equalTo(100));
    }

    @Test
    void whatWasAppendedAndReadIsCounted() {
        try (var client = RunningReplica.connect(host)) {
            client.createStream("counted");
            var before = number("taffrail_append_records_total");
            client.log().append(ServiceClient.append("counted", "a", "b", "c"));
            assertTrue(
                    number("taffrail_append_records_total") == before + 3,
                    get("/metrics").asString());
        }
        get("/metrics")
                .then()
                .statusCode(200)
                .body(containsString("taffrail_append_acknowledgement_seconds_count{commit_mode=\"SYNC\""))
                .body(containsString("taffrail_wal_flush_seconds_count"))
                .body(containsString("taffrail_watermark_lsn{level=\"quorum_flushed\"}"))
                .body(containsString("taffrail_elections_possible_loss_total 0.0"))
                .body(containsString("taffrail_checkpoint_lag_bytes"))
                .body(containsString("taffrail_state{state=\"LEADER\"} 1.0"));
        assertTrue(number("taffrail_state_bytes") > 0);
        assertTrue(number("taffrail_state_limit_bytes") == StreamStoreConfig.DEFAULTS.maxStateBytes());
        assertTrue(number("taffrail_risk_window_bound_seconds") == 0.03);
    }

    private static double number(String metric) {
        for (var line : get("/metrics").asString().split("\n", -1)) {
            if (line.startsWith(metric + " ")) {
                return Double.parseDouble(line.substring(metric.length() + 1));
            }
        }
        throw new AssertionError(
                "no metric " + metric + " in " + get("/metrics").asString());
    }
}
