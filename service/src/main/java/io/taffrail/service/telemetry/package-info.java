/// What the process tells about itself: metrics, health, warnings. Start at
/// [io.taffrail.service.telemetry.TrafficMetrics].
@NullMarked
package io.taffrail.service.telemetry;

import org.jspecify.annotations.NullMarked;
