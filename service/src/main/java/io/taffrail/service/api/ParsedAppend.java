package io.taffrail.service.api;

import io.taffrail.streams.CommitMode;
import io.taffrail.streams.Refusal;
import io.taffrail.streams.ReplicationMode;
import java.nio.ByteBuffer;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// What [AppendRequestParser] makes of an `AppendRequest`.
sealed interface ParsedAppend {
    long requestId();

    /// @param notifyAccepted whether the client wants to hear of that stage, and so on
    /// @param records the run of encoded records, in the memory of the request
    record Valid(
            long requestId,
            String stream,
            @Nullable CommitMode commitMode,
            @Nullable ReplicationMode replicationMode,
            long producerId,
            int producerEpoch,
            long sequence,
            OptionalLong expectedOffset,
            OptionalLong fencingToken,
            int minCopies,
            boolean notifyAccepted,
            boolean notifyDurable,
            boolean notifyReplicated,
            int recordCount,
            ByteBuffer records,
            int recordsCrc)
            implements ParsedAppend {
        boolean wantsStages() {
            return notifyAccepted || notifyDurable || notifyReplicated;
        }
    }

    record Invalid(long requestId, Refusal refusal) implements ParsedAppend {}
}
