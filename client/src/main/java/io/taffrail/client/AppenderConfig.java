package io.taffrail.client;

import io.taffrail.proto.log.AppendStage;
import io.taffrail.proto.log.CommitMode;
import io.taffrail.proto.log.ReplicationMode;
import java.time.Duration;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// How an [Appender] batches, how much it holds, and how safe an acknowledged append is.
///
/// @param commitMode UNSPECIFIED: the stream's
/// @param replicationMode UNSPECIFIED: the stream's
/// @param producerName empty: an id of its own; otherwise the id that this name has had since it was first used,
/// and whoever used it before is fenced
/// @param maxBatchBytes encoded; a larger record goes alone
/// @param maxRequestBytes largest batch, encoded; `append` refuses a record that is larger. No more than the service's
/// `taffrail.limits.batch-bytes`: far beyond that it ends the call, which tells the appender only that it broke
/// @param linger how long a record waits for others while the connection has room; 0: not at all. While it has
/// none, records gather anyway
/// @param maxInFlightBatches sent and not yet acknowledged. The service knows the last five batches of a producer
/// again, so no more than that can be sent again safely
/// @param maxInFlightBytes not yet acknowledged, unsent ones included
/// @param maxInFlightRecords not yet at the last level that was asked for
/// @param whenFull what `append` does then
/// @param maxBlock longest that `append` waits
/// @param deliveryTimeout from when a batch is full to its acknowledgement, all tries included; then the appender
/// fails, and what it held is INDETERMINATE
/// @param laterStages later levels to be told about: DURABLE, REPLICATED, ACCEPTED
/// @param fencingToken what the stream's token must be; null: the stream has none
public record AppenderConfig(
        CommitMode commitMode,
        ReplicationMode replicationMode,
        String producerName,
        int maxBatchBytes,
        int maxBatchRecords,
        int maxRequestBytes,
        Duration linger,
        int maxInFlightBatches,
        long maxInFlightBytes,
        long maxInFlightRecords,
        WhenFull whenFull,
        Duration maxBlock,
        Duration deliveryTimeout,
        Set<AppendStage> laterStages,
        @Nullable Long fencingToken) {
    public static final int MAX_IN_FLIGHT_BATCHES = 5;
    /// What a service takes unless it is told otherwise.
    public static final int DEFAULT_MAX_REQUEST_BYTES = 8 << 20;

    public static final AppenderConfig DEFAULTS = new AppenderConfig(
            CommitMode.COMMIT_MODE_UNSPECIFIED,
            ReplicationMode.REPLICATION_MODE_UNSPECIFIED,
            "",
            512 << 10,
            10_000,
            DEFAULT_MAX_REQUEST_BYTES,
            Duration.ZERO,
            MAX_IN_FLIGHT_BATCHES,
            32L << 20,
            1_000_000,
            WhenFull.WAIT,
            Duration.ofSeconds(60),
            Duration.ofSeconds(120),
            Set.of(),
            null);

    public enum WhenFull {
        WAIT,
        REJECT
    }

    public AppenderConfig {
        laterStages = Set.copyOf(laterStages);
        if (maxInFlightBatches < 1 || maxInFlightBatches > MAX_IN_FLIGHT_BATCHES) {
            throw new IllegalArgumentException(
                    "maxInFlightBatches %s: 1 to %s".formatted(maxInFlightBatches, MAX_IN_FLIGHT_BATCHES));
        }
        if (maxBatchBytes < 1 || maxBatchRecords < 1 || maxInFlightRecords < 1 || maxInFlightBytes < maxBatchBytes) {
            throw new IllegalArgumentException(
                    "maxBatchBytes %s, maxBatchRecords %s and maxInFlightRecords %s must be at least 1, maxInFlightBytes %s no less than maxBatchBytes"
                            .formatted(maxBatchBytes, maxBatchRecords, maxInFlightRecords, maxInFlightBytes));
        }
        if (maxRequestBytes < maxBatchBytes) {
            throw new IllegalArgumentException("maxRequestBytes %s must be no less than maxBatchBytes %s"
                    .formatted(maxRequestBytes, maxBatchBytes));
        }
    }

    public AppenderConfig modes(CommitMode commit, ReplicationMode replication) {
        return with(next -> {
            next.commitMode = commit;
            next.replicationMode = replication;
        });
    }

    public AppenderConfig producerName(String name) {
        return with(next -> next.producerName = name);
    }

    public AppenderConfig batching(int maxBytes, int maxRecords, Duration longestLinger) {
        return with(next -> {
            next.maxBatchBytes = maxBytes;
            next.maxBatchRecords = maxRecords;
            next.linger = longestLinger;
        });
    }

    public AppenderConfig maxRequestBytes(int maxBytes) {
        return with(next -> next.maxRequestBytes = maxBytes);
    }

    public AppenderConfig inFlight(long maxBytes, long maxRecords, WhenFull then, Duration longestBlock) {
        return with(next -> {
            next.maxInFlightBytes = maxBytes;
            next.maxInFlightRecords = maxRecords;
            next.whenFull = then;
            next.maxBlock = longestBlock;
        });
    }

    public AppenderConfig maxBlock(Duration longest) {
        return with(next -> next.maxBlock = longest);
    }

    public AppenderConfig deliveryTimeout(Duration timeout) {
        return with(next -> next.deliveryTimeout = timeout);
    }

    public AppenderConfig laterStages(AppendStage... stages) {
        return with(next -> next.laterStages = Set.of(stages));
    }

    public AppenderConfig fencingToken(long token) {
        return with(next -> next.fencingToken = token);
    }

    private AppenderConfig with(Consumer<Draft> change) {
        var next = new Draft(this);
        change.accept(next);
        return next.config();
    }

    private static final class Draft {
        CommitMode commitMode;
        ReplicationMode replicationMode;
        String producerName;
        int maxBatchBytes;
        int maxBatchRecords;
        int maxRequestBytes;
        Duration linger;
        int maxInFlightBatches;
        long maxInFlightBytes;
        long maxInFlightRecords;
        WhenFull whenFull;
        Duration maxBlock;
        Duration deliveryTimeout;
        Set<AppendStage> laterStages;

        @Nullable
        Long fencingToken;

        Draft(AppenderConfig from) {
            commitMode = from.commitMode;
            replicationMode = from.replicationMode;
            producerName = from.producerName;
            maxBatchBytes = from.maxBatchBytes;
            maxBatchRecords = from.maxBatchRecords;
            maxRequestBytes = from.maxRequestBytes;
            linger = from.linger;
            maxInFlightBatches = from.maxInFlightBatches;
            maxInFlightBytes = from.maxInFlightBytes;
            maxInFlightRecords = from.maxInFlightRecords;
            whenFull = from.whenFull;
            maxBlock = from.maxBlock;
            deliveryTimeout = from.deliveryTimeout;
            laterStages = from.laterStages;
            fencingToken = from.fencingToken;
        }

        AppenderConfig config() {
            return new AppenderConfig(
                    commitMode,
                    replicationMode,
                    producerName,
                    maxBatchBytes,
                    maxBatchRecords,
                    maxRequestBytes,
                    linger,
                    maxInFlightBatches,
                    maxInFlightBytes,
                    maxInFlightRecords,
                    whenFull,
                    maxBlock,
                    deliveryTimeout,
                    laterStages,
                    fencingToken);
        }
    }
}
