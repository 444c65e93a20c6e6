package io.taffrail.client;

import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import io.taffrail.proto.log.AppendResponse;
import io.taffrail.proto.log.LogGrpc;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;

/// An `AppendRequest` in two pieces of bytes: everything but the records, and the records as [RecordEncoder] wrote
/// them. Encoded messages that follow one another are one message, so nothing is encoded or copied a second time.
final class AppendMessage {
    static final MethodDescriptor<AppendMessage, AppendResponse> APPEND_STREAM =
            LogGrpc.getAppendStreamMethod().toBuilder(
                            new Marshaller(), LogGrpc.getAppendStreamMethod().getResponseMarshaller())
                    .build();

    private final byte[] head;
    private final byte[] records;
    private final int recordsBytes;

    /// Keeps the arrays; no-one may write to them from here on.
    AppendMessage(byte[] head, byte[] records, int recordsBytes) {
        this.head = head;
        this.records = records;
        this.recordsBytes = recordsBytes;
    }

    int recordsBytes() {
        return recordsBytes;
    }

    int size() {
        return head.length + recordsBytes;
    }

    private static final class Marshaller implements MethodDescriptor.Marshaller<AppendMessage> {
        @Override
        public InputStream stream(AppendMessage message) {
            return new Bytes(message);
        }

        @Override
        public AppendMessage parse(InputStream stream) {
            throw new UnsupportedOperationException("the client only sends appends");
        }
    }

    private static final class Bytes extends SequenceInputStream implements Drainable, KnownLength {
        private final AppendMessage message;

        Bytes(AppendMessage message) {
            super(
                    new ByteArrayInputStream(message.head),
                    new ByteArrayInputStream(message.records, 0, message.recordsBytes));
            this.message = message;
        }

        @Override
        public int drainTo(OutputStream target) throws IOException {
            target.write(message.head);
            target.write(message.records, 0, message.recordsBytes);
            return message.size();
        }

        /// gRPC asks once, before it drains.
        @Override
        public int available() {
            return message.size();
        }
    }
}
