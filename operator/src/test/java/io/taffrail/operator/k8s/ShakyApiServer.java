package io.taffrail.operator.k8s;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.internal.SSLUtils;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;

/// Stands between an operator and the real API server, and does to its requests what other writers, busy servers and
/// networks do. Watches can be held back, so that caches grow stale, and cut.
final class ShakyApiServer implements AutoCloseable {
    private static final Set<String> OF_THE_CONNECTION =
            Set.of("connection", "host", "content-length", "upgrade", "transfer-encoding", "http2-settings", "expect");
    private static final long LOOK_AGAIN_NANOS = 20_000_000;

    /// A request that is not a watch.
    record Request(String method, String path, String body) {
        boolean writes() {
            return !method.equals("GET");
        }

        boolean writesStatusOf(String plural) {
            return writes() && path.contains("/" + plural + "/") && path.endsWith("/status");
        }
    }

    sealed interface Treatment {
        record Pass() implements Treatment {}

        /// It never arrives.
        record Refuse(int code, String reason) implements Treatment {}

        /// It is performed, and its answer is lost.
        record LoseAnswer() implements Treatment {}
    }

    interface Weather {
        Treatment treat(Request request);
    }

    private final Config config;
    private final URI upstream;
    private final HttpClient client;
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Set<InputStream> watches = ConcurrentHashMap.newKeySet();
    private volatile Weather weather = request -> new Treatment.Pass();
    private volatile boolean stale;

    ShakyApiServer(ControlPlane plane) {
        config = plane.config();
        upstream = URI.create(config.getMasterUrl());
        try {
            client = HttpClient.newBuilder()
                    .sslContext(SSLUtils.sslContext(config))
                    .version(HttpClient.Version.HTTP_1_1)
                    .build();
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
    }

    void weather(Weather next) {
        weather = next;
    }

    /// Whether watches stand still.
    void stale(boolean now) {
        stale = now;
    }

    void cutWatches() {
        watches.forEach(ShakyApiServer::cut);
    }

    private static void cut(InputStream watch) {
        try {
            watch.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Through this server.
    KubernetesClient adminClient() {
        return new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder(Config.empty())
                        .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort())
                        .withOnlyHttpWatches(true)
                        .withRequestRetryBackoffLimit(0)
                        .build())
                .build();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            var body = exchange.getRequestBody().readAllBytes();
            var query = String.valueOf(exchange.getRequestURI().getQuery());
            if (query.contains("watch=true")) {
                watch(exchange);
                return;
            }
            var request = new Request(
                    exchange.getRequestMethod(),
                    exchange.getRequestURI().getPath(),
                    new String(body, StandardCharsets.UTF_8));
            switch (weather.treat(request)) {
                case Treatment.Pass() -> answer(exchange, forward(exchange, body));
                case Treatment.Refuse(int code, String reason) -> refuse(exchange, code, reason);
                case Treatment.LoseAnswer() -> {
                    forward(exchange, body).body().readAllBytes();
                    refuse(exchange, 504, "Timeout");
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private HttpResponse<InputStream> forward(HttpExchange exchange, byte[] body)
            throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(
                        upstream.resolve(exchange.getRequestURI().toString()))
                .method(exchange.getRequestMethod(), HttpRequest.BodyPublishers.ofByteArray(body));
        exchange.getRequestHeaders().forEach((name, values) -> {
            if (!OF_THE_CONNECTION.contains(name.toLowerCase(Locale.ROOT))) {
                values.forEach(value -> request.header(name, value));
            }
        });
        return client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
    }

    private static void answer(HttpExchange exchange, HttpResponse<InputStream> response) throws IOException {
        try (var from = response.body()) {
            var body = from.readAllBytes();
            response.headers()
                    .firstValue("Content-Type")
                    .ifPresent(type -> exchange.getResponseHeaders().set("Content-Type", type));
            exchange.sendResponseHeaders(response.statusCode(), body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
        }
    }

    private static void refuse(HttpExchange exchange, int code, String reason) throws IOException {
        var body = ("{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"reason\":\"" + reason
                        + "\",\"message\":\"" + reason + ", says the weather\",\"code\":" + code + "}")
                .getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(code, body.length);
        exchange.getResponseBody().write(body);
    }

    private void watch(HttpExchange exchange) throws IOException, InterruptedException {
        var response = forward(exchange, new byte[0]);
        var from = response.body();
        watches.add(from);
        try (from) {
            response.headers()
                    .firstValue("Content-Type")
                    .ifPresent(type -> exchange.getResponseHeaders().set("Content-Type", type));
            exchange.sendResponseHeaders(response.statusCode(), 0);
            var to = exchange.getResponseBody();
            var buffer = new byte[1 << 16];
            for (var count = from.read(buffer); count >= 0; count = from.read(buffer)) {
                while (stale) {
                    LockSupport.parkNanos(LOOK_AGAIN_NANOS);
                }
                to.write(buffer, 0, count);
                to.flush();
            }
        } catch (IOException cut) {
            // Whoever watched begins again.
            return;
        } finally {
            watches.remove(from);
        }
    }

    @Override
    public void close() {
        stale = false;
        cutWatches();
        server.stop(0);
        threads.shutdownNow();
        client.shutdownNow();
    }
}
