package io.taffrail.operator;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.processing.retry.Retry;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.kubernetes.client.WithKubernetesTestServer;
import io.taffrail.operator.crd.LogCluster;
import io.taffrail.operator.plan.Sight;
import jakarta.inject.Inject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// The program as it is put together and started, against fabric8's mock API server.
@QuarkusTest
@WithKubernetesTestServer
final class OperatorBootTest {
    @Inject
    Operator operator;

    @Inject
    KubernetesClient client;

    @SuppressWarnings("NullAway.Init")
    @TestHTTPResource("/q/health/ready")
    URI ready;

    @SuppressWarnings("NullAway.Init")
    @TestHTTPResource("/q/metrics")
    URI metrics;

    @Test
    void startsWatchesAndReports() throws IOException, InterruptedException {
        assertEquals(
                "logcluster logstream",
                operator.getRegisteredControllers().stream()
                        .map(controller -> controller.getConfiguration().getName())
                        .sorted()
                        .collect(Collectors.joining(" ")));
        operator.getRegisteredControllers().stream()
                .map(controller -> controller.getConfiguration().getRetry())
                .forEach(OperatorBootTest::neverEnds);
        assertTrue(get(ready).contains("UP"));

        var cluster = new LogCluster();
        cluster.getMetadata().setName("orders");
        cluster.getMetadata().setNamespace("boot");
        cluster.setSpec(Sight.spec("replicas: 1"));
        client.resource(cluster).create();
        await().atMost(Duration.ofMinutes(5))
                .until(() -> client.resources(LogCluster.class)
                                .inNamespace("boot")
                                .withName("orders")
                                .get()
                                .getStatus()
                        != null);
        await().atMost(Duration.ofMinutes(5)).until(() -> get(metrics).contains("condition=\"Available\""));
    }

    private static void neverEnds(Retry retry) {
        var execution = retry.initExecution();
        for (var attempt = 1; attempt <= 1_000; attempt++) {
            var delay = execution.nextDelay();
            assertTrue(delay.isPresent() && delay.get() <= 30_000, "attempt " + attempt + ": " + delay);
        }
    }

    private static String get(URI uri) throws IOException, InterruptedException {
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }
}
