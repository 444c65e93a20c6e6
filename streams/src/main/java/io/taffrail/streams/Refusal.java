package io.taffrail.streams;

import java.util.OptionalLong;

/// A definite no: nothing was logged, now or later.
///
/// @param message one line: the field, the value, what is allowed, what to do
public record Refusal(
        Code code,
        String message,
        OptionalLong startOffset,
        OptionalLong nextOffset,
        OptionalLong lastSequence,
        OptionalLong lastOffset) {
    /// As `ErrorCode` in log.proto.
    public enum Code {
        INVALID_ARGUMENT,
        STREAM_NOT_FOUND,
        STREAM_EXISTS,
        OFFSET_MISMATCH,
        FENCED,
        OUT_OF_SEQUENCE,
        DUPLICATE_MISMATCH,
        UNKNOWN_PRODUCER,
        BELOW_MINIMUM,
        QUEUE_FULL,
        DISK_FULL,
        NOT_LEADER,
        OUT_OF_RANGE,
        LOG_TRUNCATED,
        WRONG_CLUSTER,
        DATA_LOSS,
        SHUTTING_DOWN,
        TOO_FEW_COPIES,
        STORAGE_FAILED,
        CURSOR_NOT_FOUND,
        RECOVERING,
        TOO_LARGE,
        NO_SEGMENT,
        NOT_NOW
    }

    public static Refusal of(Code code, String message) {
        return new Refusal(
                code, message, OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty());
    }
}
