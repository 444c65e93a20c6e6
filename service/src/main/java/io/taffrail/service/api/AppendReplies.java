package io.taffrail.service.api;

import io.taffrail.proto.log.AppendResponse;
import io.taffrail.proto.log.Error;
import io.taffrail.replication.AppendObserver.Stage;
import io.taffrail.replication.AppendOutcome;
import io.taffrail.service.rpc.FrameBuffer;

/// Encodes `AppendResponse`s without making objects of them. The field numbers are those of log.proto; a test parses
/// what is written here with the generated classes.
final class AppendReplies {
    private static final int REQUEST_ID = 1;
    private static final int ACKNOWLEDGEMENT = 2;
    private static final int NOTIFICATION = 3;

    private AppendReplies() {}

    static void acknowledgement(
            FrameBuffer out, long requestId, AppendOutcome.Acknowledged acknowledged, boolean fsyncDisabled) {
        out.beginMessage();
        out.varintField(REQUEST_ID, requestId);
        var start = out.beginShortField(ACKNOWLEDGEMENT);
        out.varintField(1, acknowledged.baseOffset());
        out.varintField(2, acknowledged.recordCount());
        out.varintField(3, acknowledged.lsnStart());
        out.varintField(4, acknowledged.lsnEnd());
        out.varintField(5, acknowledged.epoch());
        out.varintField(
                6,
                switch (acknowledged.reached().commitMode()) {
                    case ASYNC -> 1;
                    case SYNC -> 2;
                });
        out.varintField(
                7,
                switch (acknowledged.reached().replicationMode()) {
                    case ASYNC -> 1;
                    case QUORUM -> 2;
                    case ALL -> 3;
                });
        out.varintField(8, acknowledged.copiesReceived());
        out.varintField(9, acknowledged.copiesFlushed());
        out.varintField(10, acknowledged.duplicate() ? 1 : 0);
        out.varintField(11, fsyncDisabled ? 1 : 0);
        out.endShortField(start);
        out.endMessage();
    }

    static void notification(
            FrameBuffer out, long requestId, Stage stage, long baseOffset, int recordCount, long lsnEnd, long epoch) {
        out.beginMessage();
        out.varintField(REQUEST_ID, requestId);
        var start = out.beginShortField(NOTIFICATION);
        out.varintField(
                1,
                switch (stage) {
                    case ACCEPTED -> 1;
                    case DURABLE -> 2;
                    case REPLICATED -> 3;
                });
        out.varintField(2, baseOffset);
        out.varintField(3, recordCount);
        out.varintField(4, lsnEnd);
        out.varintField(5, epoch);
        out.endShortField(start);
        out.endMessage();
    }

    static void error(FrameBuffer out, long requestId, Error error) {
        out.message(AppendResponse.newBuilder()
                .setRequestId(requestId)
                .setError(error)
                .build()
                .toByteArray());
    }
}
