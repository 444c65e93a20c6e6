package io.taffrail.service.api;

import io.grpc.Status;
import io.taffrail.proto.log.Error;
import io.taffrail.proto.log.ErrorCode;
import io.taffrail.proto.log.LeaderHint;
import io.taffrail.replication.ReplicaStatus;
import io.taffrail.service.rpc.RpcStatus;
import io.taffrail.streams.Refusal;
import org.jspecify.annotations.Nullable;

/// How a refusal looks to a client: the error message, and the gRPC status of a call that ends with it.
public final class GrpcStatusMapping {
    private GrpcStatusMapping() {}

    public static RpcStatus status(Error error) {
        return new RpcStatus(statusCode(error.getCode()), error.getMessage(), error.toByteString());
    }

    public static RpcStatus status(Refusal refusal, @Nullable ReplicaStatus replica) {
        return status(error(refusal, replica));
    }

    public static RpcStatus invalid(String message) {
        return status(Refusal.of(Refusal.Code.INVALID_ARGUMENT, message), null);
    }

    public static RpcStatus recovering(int percent) {
        return status(recoveringError(percent));
    }

    static Error recoveringError(int percent) {
        return Error.newBuilder()
                .setCode(ErrorCode.ERROR_CODE_RECOVERING)
                .setMessage(
                        "the replica reads its log, " + percent + " % are done: retry later, or ask another replica")
                .setRetryable(true)
                .build();
    }

    public static RpcStatus shuttingDown() {
        return status(error(Refusal.of(Refusal.Code.SHUTTING_DOWN, "the replica stops: ask another one"), null));
    }

    /// The outcome is not known: the caller's time was over, or leadership was lost on the way.
    public static RpcStatus indeterminate(Status.Code code, String message) {
        var error = indeterminateError(message);
        return new RpcStatus(code, error.getMessage(), error.toByteString());
    }

    static Error indeterminateError(String message) {
        return Error.newBuilder()
                .setCode(ErrorCode.ERROR_CODE_INDETERMINATE)
                .setMessage(message)
                .setRetryable(true)
                .build();
    }

    /// `replica` lends the leader's address to a NOT_LEADER.
    public static Error error(Refusal refusal, @Nullable ReplicaStatus replica) {
        var code = errorCode(refusal.code());
        var error =
                Error.newBuilder().setCode(code).setMessage(refusal.message()).setRetryable(retryable(code));
        refusal.startOffset().ifPresent(error::setStartOffset);
        refusal.nextOffset().ifPresent(error::setNextOffset);
        refusal.lastSequence().ifPresent(error::setLastSequence);
        refusal.lastOffset().ifPresent(error::setLastOffset);
        if (refusal.code() == Refusal.Code.NOT_LEADER && replica != null) {
            var leader = leaderHint(replica);
            if (leader != null) {
                error.setLeader(leader);
            }
        }
        return error.build();
    }

    public static @Nullable LeaderHint leaderHint(ReplicaStatus replica) {
        var leader = replica.leader();
        return leader == null
                ? null
                : LeaderHint.newBuilder()
                        .setNodeId(leader.nodeId())
                        .setAddress(leader.clientAddress())
                        .setEpoch(replica.epoch())
                        .build();
    }

    static ErrorCode errorCode(Refusal.Code code) {
        return switch (code) {
            case INVALID_ARGUMENT -> ErrorCode.ERROR_CODE_INVALID_ARGUMENT;
            case STREAM_NOT_FOUND -> ErrorCode.ERROR_CODE_STREAM_NOT_FOUND;
            case STREAM_EXISTS -> ErrorCode.ERROR_CODE_STREAM_EXISTS;
            case OFFSET_MISMATCH -> ErrorCode.ERROR_CODE_OFFSET_MISMATCH;
            case FENCED -> ErrorCode.ERROR_CODE_FENCED;
            case OUT_OF_SEQUENCE -> ErrorCode.ERROR_CODE_OUT_OF_SEQUENCE;
            case DUPLICATE_MISMATCH -> ErrorCode.ERROR_CODE_DUPLICATE_MISMATCH;
            case UNKNOWN_PRODUCER -> ErrorCode.ERROR_CODE_UNKNOWN_PRODUCER;
            case BELOW_MINIMUM -> ErrorCode.ERROR_CODE_BELOW_MINIMUM;
            case QUEUE_FULL -> ErrorCode.ERROR_CODE_QUEUE_FULL;
            case DISK_FULL -> ErrorCode.ERROR_CODE_DISK_FULL;
            case NOT_LEADER -> ErrorCode.ERROR_CODE_NOT_LEADER;
            case OUT_OF_RANGE -> ErrorCode.ERROR_CODE_OUT_OF_RANGE;
            case LOG_TRUNCATED -> ErrorCode.ERROR_CODE_LOG_TRUNCATED;
            case WRONG_CLUSTER -> ErrorCode.ERROR_CODE_WRONG_CLUSTER;
            case DATA_LOSS -> ErrorCode.ERROR_CODE_DATA_LOSS;
            case SHUTTING_DOWN -> ErrorCode.ERROR_CODE_SHUTTING_DOWN;
            case TOO_FEW_COPIES -> ErrorCode.ERROR_CODE_TOO_FEW_COPIES;
            case STORAGE_FAILED -> ErrorCode.ERROR_CODE_STORAGE_FAILED;
            case CURSOR_NOT_FOUND -> ErrorCode.ERROR_CODE_CURSOR_NOT_FOUND;
            case RECOVERING -> ErrorCode.ERROR_CODE_RECOVERING;
            case TOO_LARGE -> ErrorCode.ERROR_CODE_TOO_LARGE;
            case NO_SEGMENT -> ErrorCode.ERROR_CODE_NO_SEGMENT;
            case NOT_NOW -> ErrorCode.ERROR_CODE_NOT_NOW;
        };
    }

    static Status.Code statusCode(ErrorCode code) {
        return switch (code) {
            case ERROR_CODE_INVALID_ARGUMENT, ERROR_CODE_TOO_LARGE -> Status.Code.INVALID_ARGUMENT;
            case ERROR_CODE_STREAM_NOT_FOUND, ERROR_CODE_CURSOR_NOT_FOUND -> Status.Code.NOT_FOUND;
            case ERROR_CODE_STREAM_EXISTS -> Status.Code.ALREADY_EXISTS;
            case ERROR_CODE_OFFSET_MISMATCH,
                    ERROR_CODE_FENCED,
                    ERROR_CODE_OUT_OF_SEQUENCE,
                    ERROR_CODE_DUPLICATE_MISMATCH,
                    ERROR_CODE_UNKNOWN_PRODUCER,
                    ERROR_CODE_BELOW_MINIMUM,
                    ERROR_CODE_LOG_TRUNCATED,
                    ERROR_CODE_WRONG_CLUSTER,
                    ERROR_CODE_TOO_FEW_COPIES,
                    // Not UNAVAILABLE: it is served, and what is between may repeat that one at once.
                    ERROR_CODE_NOT_NOW -> Status.Code.FAILED_PRECONDITION;
            case ERROR_CODE_QUEUE_FULL, ERROR_CODE_DISK_FULL, ERROR_CODE_NO_SEGMENT -> Status.Code.RESOURCE_EXHAUSTED;
            case ERROR_CODE_NOT_LEADER,
                    ERROR_CODE_SHUTTING_DOWN,
                    ERROR_CODE_RECOVERING,
                    ERROR_CODE_STORAGE_FAILED,
                    ERROR_CODE_INDETERMINATE -> Status.Code.UNAVAILABLE;
            case ERROR_CODE_OUT_OF_RANGE -> Status.Code.OUT_OF_RANGE;
            case ERROR_CODE_DATA_LOSS -> Status.Code.DATA_LOSS;
            case ERROR_CODE_UNSPECIFIED, UNRECOGNIZED -> Status.Code.UNKNOWN;
        };
    }

    /// Whether the same request may succeed later, here or at the leader.
    static boolean retryable(ErrorCode code) {
        return switch (code) {
            case ERROR_CODE_QUEUE_FULL,
                    ERROR_CODE_DISK_FULL,
                    ERROR_CODE_NO_SEGMENT,
                    ERROR_CODE_NOT_LEADER,
                    ERROR_CODE_INDETERMINATE,
                    ERROR_CODE_SHUTTING_DOWN,
                    ERROR_CODE_TOO_FEW_COPIES,
                    ERROR_CODE_STORAGE_FAILED,
                    ERROR_CODE_RECOVERING,
                    ERROR_CODE_NOT_NOW,
                    ERROR_CODE_DATA_LOSS -> true;
            default -> false;
        };
    }
}
