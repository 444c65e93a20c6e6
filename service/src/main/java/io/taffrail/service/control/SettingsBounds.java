package io.taffrail.service.control;

import java.time.Duration;

/// What is allowed of the settings that change while the service runs, whether it reads them at its start or is told
/// by ApplySettings: what the one took and the other refused would end a service with its next start.
public final class SettingsBounds {
    public record Bounds<T extends Comparable<T>>(T least, T most) {
        public boolean allow(T value) {
            return value.compareTo(least) >= 0 && value.compareTo(most) <= 0;
        }
    }

    public static final Bounds<Duration> WRITER_DELAY = new Bounds<>(Duration.ofMillis(1), Duration.ofSeconds(10));
    public static final Bounds<Duration> GROUP_COMMIT_DELAY = new Bounds<>(Duration.ZERO, Duration.ofMillis(100));
    public static final Bounds<Long> GROUP_COMMIT_SIBLINGS = new Bounds<>(0L, 1_000L);
    public static final Bounds<Long> PENDING_BYTES = new Bounds<>(1L << 20, 1L << 30);
    public static final Bounds<Long> REPLICATION_LAG_BYTES = new Bounds<>(64L << 10, 1L << 40);
    public static final Bounds<Duration> REPLICATION_LAG_AGE = new Bounds<>(Duration.ofMillis(10), Duration.ofHours(1));
    public static final Bounds<Duration> RETENTION_AGE = new Bounds<>(Duration.ZERO, Duration.ofDays(36_500));

    private SettingsBounds() {}
}
