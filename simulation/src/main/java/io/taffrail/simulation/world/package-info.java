/// What the production code is given instead of a disk, a network, a clock and a thread. Open
/// [io.taffrail.simulation.world.SimulatedScheduler] first.
@NullMarked
package io.taffrail.simulation.world;

import org.jspecify.annotations.NullMarked;
