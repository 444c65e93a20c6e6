package io.taffrail.client;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoUtils;
import io.taffrail.proto.log.Error;
import io.taffrail.proto.log.ErrorCode;
import org.jspecify.annotations.Nullable;

/// Why a call did not do what was asked; the message is one line for people.
public final class LogClientException extends RuntimeException {
    private static final long serialVersionUID = 1;

    static final Metadata.Key<Error> ERROR_TRAILER =
            Metadata.Key.of("taffrail-error-bin", ProtoUtils.metadataMarshaller(Error.getDefaultInstance()));

    public enum Kind {
        /// The service said no, or the client knows that it would; [#code] and [#error] say why. Unless the code is
        /// INDETERMINATE, nothing was done.
        REFUSED,
        /// No replica answered. Whether the call was carried out is not known.
        UNAVAILABLE,
        /// The time that the caller gave is over. Whether the call was carried out is not known.
        TIMED_OUT,
        /// The client's own buffer is full; nothing was sent.
        BUFFER_FULL,
        /// The appender, reader or client was closed before.
        CLOSED,
        /// The other side broke the protocol.
        PROTOCOL
    }

    private final Kind kind;
    private final Error error;

    LogClientException(Kind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
        this.error = Error.getDefaultInstance();
    }

    LogClientException(Error error) {
        super(nameOf(error.getCode()) + ": " + error.getMessage());
        this.kind = Kind.REFUSED;
        this.error = error;
    }

    LogClientException(Error error, String message) {
        super(message);
        this.kind = Kind.REFUSED;
        this.error = error;
    }

    private LogClientException(LogClientException first) {
        super(first.getMessage(), first);
        this.kind = first.kind;
        this.error = first.error;
    }

    /// The same failure for another caller. One object thrown twice would be its own suppressed exception when a `try`
    /// block and the `close` behind it both fail, which Java refuses with an exception that hides both.
    LogClientException again() {
        return new LogClientException(this);
    }

    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }

    public Kind kind() {
        return kind;
    }

    /// UNSPECIFIED unless the service refused.
    public ErrorCode code() {
        return error.getCode();
    }

    /// Empty unless the service refused.
    public Error error() {
        return error;
    }

    /// The same call may succeed later.
    public boolean isRetryable() {
        return switch (kind) {
            case REFUSED -> error.getRetryable() || isAlwaysRetryable(error.getCode());
            case UNAVAILABLE, TIMED_OUT, BUFFER_FULL -> true;
            case CLOSED, PROTOCOL -> false;
        };
    }

    /// The call was not carried out and never will be, so that it may be repeated whatever it does.
    boolean isDefiniteRefusal() {
        return kind == Kind.REFUSED && error.getCode() != ErrorCode.ERROR_CODE_INDETERMINATE;
    }

    private static boolean isAlwaysRetryable(ErrorCode code) {
        return code == ErrorCode.ERROR_CODE_NOT_LEADER
                || code == ErrorCode.ERROR_CODE_QUEUE_FULL
                || code == ErrorCode.ERROR_CODE_INDETERMINATE
                || code == ErrorCode.ERROR_CODE_SHUTTING_DOWN
                || code == ErrorCode.ERROR_CODE_RECOVERING;
    }

    static String nameOf(ErrorCode code) {
        return code.name().replace("ERROR_CODE_", "");
    }

    static LogClientException of(StatusRuntimeException failed, Endpoint endpoint) {
        return of(failed.getStatus(), failed.getTrailers(), endpoint);
    }

    static LogClientException of(Status status, @Nullable Metadata trailers, Endpoint endpoint) {
        var error = trailers == null ? null : trailers.get(ERROR_TRAILER);
        if (error != null) {
            return new LogClientException(error);
        }
        var kind = switch (status.getCode()) {
            case DEADLINE_EXCEEDED -> Kind.TIMED_OUT;
            case UNIMPLEMENTED, INVALID_ARGUMENT, OUT_OF_RANGE, UNAUTHENTICATED, PERMISSION_DENIED -> Kind.PROTOCOL;
            default -> Kind.UNAVAILABLE;
        };
        if (kind == Kind.TIMED_OUT) {
            return new LogClientException(kind, endpoint + " did not answer in time", status.getCause());
        }
        var description = status.getDescription() == null ? "" : ": " + firstLine(status.getDescription());
        var reason = status.getCause() == null ? "" : " (" + firstLine(String.valueOf(rootOf(status.getCause()))) + ")";
        return new LogClientException(
                kind, endpoint + " " + status.getCode() + description + reason, status.getCause());
    }

    private static Throwable rootOf(Throwable cause) {
        var root = cause;
        for (var depth = 0; root.getCause() != null && depth < 10; depth++) {
            root = root.getCause();
        }
        return root;
    }

    private static String firstLine(String text) {
        return text.lines().findFirst().orElse("");
    }
}
