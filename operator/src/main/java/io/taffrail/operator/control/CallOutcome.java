package io.taffrail.operator.control;

/// What became of a call to a replica.
public sealed interface CallOutcome<T> {
    record Answer<T>(T value) implements CallOutcome<T> {}

    /// It was reached and said no.
    record Refused<T>(String code, String message) implements CallOutcome<T> {}

    /// Whether it did anything is not known; every call may be repeated.
    record Unreachable<T>(String message) implements CallOutcome<T> {}

    default String describe() {
        return switch (this) {
            case Answer<T>(T value) -> "done";
            case Refused<T>(String code, String message) -> code + ": " + message;
            case Unreachable<T>(String message) -> message;
        };
    }
}
