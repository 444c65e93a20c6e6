package io.taffrail.client;

import java.time.Duration;
import java.util.random.RandomGenerator;

/// How long to go on, and how long to wait between two tries.
///
/// @param initialBackoff before the second try; doubles with each
/// @param maxBackoff a failover takes one to two seconds, so a longer pause would be most of what a client feels of it
/// @param attemptTimeout of one try of a unary call
/// @param totalTimeout of a unary call with all its tries, and of a reader that gets no answer
public record RetryPolicy(
        Duration initialBackoff, Duration maxBackoff, Duration attemptTimeout, Duration totalTimeout) {
    public static final RetryPolicy DEFAULTS = new RetryPolicy(
            Duration.ofMillis(20), Duration.ofMillis(300), Duration.ofSeconds(10), Duration.ofSeconds(30));

    public RetryPolicy {
        if (initialBackoff.toMillis() < 1 || maxBackoff.compareTo(initialBackoff) < 0) {
            throw new IllegalArgumentException("initialBackoff %s must be 1 ms or more, maxBackoff %s no less than it"
                    .formatted(initialBackoff, maxBackoff));
        }
        if (!attemptTimeout.isPositive() || !totalTimeout.isPositive()) {
            throw new IllegalArgumentException("attemptTimeout %s and totalTimeout %s must be more than 0"
                    .formatted(attemptTimeout, totalTimeout));
        }
    }

    public RetryPolicy withTotalTimeout(Duration timeout) {
        return new RetryPolicy(initialBackoff, maxBackoff, attemptTimeout, timeout);
    }

    /// Between half and all of what is due, so that clients which failed together do not come back together.
    ///
    /// @param failures how many tries have failed in a row, 1 or more
    long backoffMillis(int failures, RandomGenerator random) {
        var doublings = Math.clamp(failures - 1L, 0, 20);
        var due = Math.min(initialBackoff.toMillis() << doublings, maxBackoff.toMillis());
        return due / 2 + random.nextLong(due / 2 + 1);
    }

    /// As [#backoffMillis], unless the first failure names the leader: that has told where to go, and there is nothing
    /// to wait for.
    long backoffMillis(int failures, LogClientException last, RandomGenerator random) {
        var named = failures == 1 && !last.error().getLeader().getAddress().isEmpty();
        return named ? 0 : backoffMillis(failures, random);
    }
}
