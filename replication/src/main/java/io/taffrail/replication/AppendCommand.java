package io.taffrail.replication;

import io.taffrail.streams.CommitMode;
import io.taffrail.streams.Refusal;
import io.taffrail.streams.ReplicationMode;
import java.nio.ByteBuffer;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// An append, as the service hands it over.
///
/// @param records the encoded records (see `RecordsPayload`), left alone until the observer is called
/// @param recordsCrc CRC32C of `records`
/// @param wantsStages whether [AppendObserver#staged] is wanted at all
public record AppendCommand(
        String stream,
        @Nullable CommitMode commitMode,
        @Nullable ReplicationMode replicationMode,
        long producerId,
        int producerEpoch,
        long sequence,
        OptionalLong expectedOffset,
        OptionalLong fencingToken,
        int minCopies,
        int recordCount,
        ByteBuffer records,
        int recordsCrc,
        boolean wantsStages,
        AppendObserver observer)
        implements InboxItem {
    @Override
    public long sizeBytes() {
        return records.remaining();
    }

    @Override
    public void refuse(Refusal refusal) {
        observer.ended(new AppendOutcome.Refused(refusal));
    }
}
