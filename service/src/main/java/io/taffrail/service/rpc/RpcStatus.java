package io.taffrail.service.rpc;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.taffrail.proto.log.Error;
import io.taffrail.proto.log.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/// How a call ends.
///
/// @param error serialized `taffrail.log.v1.Error` for the trailer, or null
public record RpcStatus(
        Status.Code code, String message, @Nullable ByteString error) {
    public static final String ERROR_TRAILER = "taffrail-error-bin";
    public static final RpcStatus OK = new RpcStatus(Status.Code.OK, "", null);
    private static final int MAX_MESSAGE_CHARS = 1024;

    public static RpcStatus of(Status.Code code, String message) {
        return new RpcStatus(code, message, null);
    }

    /// The message was not read, so nobody knows whose it was; whoever sent it must not send it again.
    static RpcStatus tooLarge(long bytes, int mostBytes) {
        var error = Error.newBuilder()
                .setCode(ErrorCode.ERROR_CODE_TOO_LARGE)
                .setMessage("the message has " + bytes + " bytes, at most " + mostBytes + " are allowed")
                .setMostBytes(mostBytes)
                .build();
        return new RpcStatus(Status.Code.RESOURCE_EXHAUSTED, error.getMessage(), error.toByteString());
    }

    /// Nothing was done.
    static RpcStatus noRoom(AnswerBudget answers) {
        var error = Error.newBuilder()
                .setCode(ErrorCode.ERROR_CODE_QUEUE_FULL)
                .setMessage("answers that clients have not read hold " + answers.heldBytes() + " bytes, at most "
                        + answers.limitBytes() + " are allowed, a quarter of it for small ones alone: retry later")
                .setRetryable(true)
                .build();
        return new RpcStatus(Status.Code.RESOURCE_EXHAUSTED, error.getMessage(), error.toByteString());
    }

    /// Percent-encoded as the protocol wants it; also what keeps a name with a line break out of the headers.
    String encodedMessage() {
        var text = message.length() > MAX_MESSAGE_CHARS ? message.substring(0, MAX_MESSAGE_CHARS) : message;
        var encoded = new StringBuilder(text.length() + 16);
        for (var octet : text.getBytes(StandardCharsets.UTF_8)) {
            if (octet >= 0x20 && octet <= 0x7e && octet != '%') {
                encoded.append((char) octet);
            } else {
                encoded.append('%')
                        .append(Character.toUpperCase(Character.forDigit((octet >> 4) & 0xf, 16)))
                        .append(Character.toUpperCase(Character.forDigit(octet & 0xf, 16)));
            }
        }
        return encoded.toString();
    }

    @Nullable
    String encodedError() {
        return error == null ? null : Base64.getEncoder().withoutPadding().encodeToString(error.toByteArray());
    }
}
