package io.taffrail.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// @param endpoints any replicas of the cluster; the leader is found through them
/// @param tls null: not encrypted
/// @param maxResponseBytes largest message that is accepted; a record may be as large as the service allows
public record LogClientConfig(
        List<Endpoint> endpoints, @Nullable Tls tls, RetryPolicy retry, int maxResponseBytes) {
    public static final int DEFAULT_MAX_RESPONSE_BYTES = 64 << 20;

    public LogClientConfig {
        endpoints = List.copyOf(endpoints);
        if (endpoints.isEmpty()) {
            throw new IllegalArgumentException("endpoints is empty: name at least one replica, as in 127.0.0.1:9090");
        }
    }
}
