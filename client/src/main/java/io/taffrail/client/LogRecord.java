package io.taffrail.client;

import com.google.protobuf.ByteString;
import io.taffrail.proto.log.Record;

/// One record as it was read.
///
/// @param appendedMillis the leader's time of its batch
/// @param epoch the leader's reign
public record LogRecord(long offset, long appendedMillis, long epoch, Record content) {
    public ByteString value() {
        return content.getValue();
    }

    public ByteString key() {
        return content.getKey();
    }
}
