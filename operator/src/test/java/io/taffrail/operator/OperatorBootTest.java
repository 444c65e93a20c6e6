package io.taffrail.operator;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.Operator;
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

    private static String get(URI uri) throws IOException, InterruptedException {
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }
}
