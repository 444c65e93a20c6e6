/// A deterministic cluster of production replicas. Open [io.taffrail.simulation.Simulation] first.
@NullMarked
package io.taffrail.simulation;

import org.jspecify.annotations.NullMarked;
