package io.taffrail.service.telemetry;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.taffrail.service.accept.PortLimit;

/// The connections of a port.
public final class ConnectionMetrics {
    private ConnectionMetrics() {}

    public static void register(MeterRegistry registry, String port, PortLimit limit) {
        Gauge.builder("taffrail.connections", limit, PortLimit::open)
                .description("Open, whether they have said anything or not")
                .tag("port", port)
                .register(registry);
        Gauge.builder("taffrail.connections.limit", limit, PortLimit::connections)
                .description("How many may be open")
                .tag("port", port)
                .register(registry);
        FunctionCounter.builder("taffrail.connections.refused", limit, PortLimit::refused)
                .description("Closed at once, because all places were taken by connections with calls")
                .tag("port", port)
                .register(registry);
        FunctionCounter.builder("taffrail.connections.displaced", limit, PortLimit::displaced)
                .description("Closed for a new one, because all places were taken and they had no call")
                .tag("port", port)
                .register(registry);
    }
}
