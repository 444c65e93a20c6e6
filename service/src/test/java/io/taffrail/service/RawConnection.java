package io.taffrail.service;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/// HTTP/2 without a gRPC library on top: for bytes that no gRPC library would send.
public final class RawConnection implements AutoCloseable {
    private static final long LONGEST_WAIT_SECONDS = 300;
    private final Vertx vertx = Vertx.vertx();
    private final HttpClient client;
    private final String host;
    private final int port;

    public RawConnection(String address) {
        var separator = address.lastIndexOf(':');
        host = address.substring(0, separator);
        port = Integer.parseInt(address.substring(separator + 1));
        client = vertx.createHttpClient(new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false)
                .setHttp2MaxPoolSize(1));
    }

    public static <T> T await(CompletionStage<T> stage) {
        try {
            return stage.toCompletableFuture().get(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS);
        } catch (Exception failed) {
            throw new AssertionError(failed);
        }
    }

    public HttpClientRequest call(String method) {
        return await(client.request(new RequestOptions()
                        .setMethod(HttpMethod.POST)
                        .setHost(host)
                        .setPort(port)
                        .setURI("/" + method)
                        .putHeader("content-type", "application/grpc")
                        .putHeader("te", "trailers"))
                .map(request -> request.setChunked(true))
                .toCompletionStage());
    }

    /// Status of a call that is to end with this body.
    public String status(String method, Buffer body) {
        return await(call(method).send(body).compose(RawConnection::statusOf).toCompletionStage());
    }

    public static String status(HttpClientResponse response) {
        return await(statusOf(response).toCompletionStage());
    }

    /// Asked for on the connection's event loop, before what follows the headers can come and nobody wait for it.
    private static Future<String> statusOf(HttpClientResponse response) {
        var early = response.getHeader("grpc-status");
        return early != null
                ? Future.succeededFuture(early)
                : response.body().map(_ -> String.valueOf(response.getTrailer("grpc-status")));
    }

    public HttpConnection connection(HttpClientRequest request) {
        return request.connection();
    }

    public static Buffer frame(byte[] message) {
        return Buffer.buffer().appendByte((byte) 0).appendInt(message.length).appendBytes(message);
    }

    @Override
    public void close() {
        await(vertx.close().toCompletionStage());
    }
}
