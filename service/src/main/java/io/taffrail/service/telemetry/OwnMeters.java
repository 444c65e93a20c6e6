package io.taffrail.service.telemetry;

import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;

/// All that this service registers. A registry may outlive the replica, as it does when Quarkus starts again in one
/// JVM, and keeps the first meter of a name: the second replica's numbers would be the first one's, or NaN once that
/// is collected.
public final class OwnMeters {
    private static final String PREFIX = "taffrail.";

    private OwnMeters() {}

    /// Call when the replica has ended; what is registered from then on is the next one's.
    public static void removeFrom(MeterRegistry registry) {
        for (var meter : List.copyOf(registry.getMeters())) {
            if (meter.getId().getName().startsWith(PREFIX)) {
                registry.remove(meter);
            }
        }
    }
}
