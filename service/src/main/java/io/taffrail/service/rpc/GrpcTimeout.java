package io.taffrail.service.rpc;

import org.jspecify.annotations.Nullable;

/// The `grpc-timeout` header: at most eight digits and a unit.
final class GrpcTimeout {
    static final long NONE = -1;

    private GrpcTimeout() {}

    /// Milliseconds, rounded up; [#NONE] without a header. Throws [IllegalArgumentException] for one that is malformed.
    static long millis(@Nullable String header) {
        if (header == null) {
            return NONE;
        }
        if (header.length() < 2 || header.length() > 9) {
            throw malformed(header);
        }
        long amount = 0;
        for (var i = 0; i < header.length() - 1; i++) {
            var digit = header.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                throw malformed(header);
            }
            amount = amount * 10 + digit;
        }
        return switch (header.charAt(header.length() - 1)) {
            case 'H' -> amount * 3_600_000;
            case 'M' -> amount * 60_000;
            case 'S' -> amount * 1_000;
            case 'm' -> amount;
            case 'u' -> (amount + 999) / 1_000;
            case 'n' -> (amount + 999_999) / 1_000_000;
            default -> throw malformed(header);
        };
    }

    private static IllegalArgumentException malformed(String header) {
        return new IllegalArgumentException(
                "grpc-timeout is \"" + header + "\": allowed are up to 8 digits and H, M, S, m, u or n");
    }
}
