package io.taffrail.client;

import io.taffrail.proto.log.ErrorCode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Which replicas could not go on with a read, from the first whose copy is damaged there or ends too early until one
/// does. Each is asked once in a round, and then all again: one may have caught up, or been filled up from another.
/// For one thread at a time.
final class ReplicaRound {
    private final List<Endpoint> endpoints;
    private final Set<Endpoint> tried = new HashSet<>();
    private @Nullable LogClientException reason;

    ReplicaRound(List<Endpoint> endpoints) {
        this.endpoints = endpoints;
    }

    boolean isOpen() {
        return reason != null;
    }

    void failed(Endpoint endpoint, LogClientException cause) {
        tried.add(endpoint);
        // Damage has to be mended; a copy that ends too early may only lag.
        if (reason == null || (isDamage(cause) && !isDamage(reason))) {
            reason = cause;
        }
    }

    private static boolean isDamage(LogClientException cause) {
        return cause.code() == ErrorCode.ERROR_CODE_DATA_LOSS;
    }

    /// `located` if it has not been tried.
    Endpoint next(Endpoint located) {
        if (!tried.contains(located)) {
            return located;
        }
        for (var other : endpoints) {
            if (!tried.contains(other)) {
                return other;
            }
        }
        tried.clear();
        return located;
    }

    /// Why the others were asked; `last` if they were not.
    LogClientException reasonOr(LogClientException last) {
        return reason != null ? reason : last;
    }

    void close() {
        tried.clear();
        reason = null;
    }
}
