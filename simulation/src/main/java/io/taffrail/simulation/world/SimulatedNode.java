package io.taffrail.simulation.world;

/// What a folder's entry points to.
sealed interface SimulatedNode permits SimulatedInode, SimulatedFolder {}
