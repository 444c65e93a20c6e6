/// Clients: producers that retry, zombies, readers, administrators.
@NullMarked
package io.taffrail.simulation.workload;

import org.jspecify.annotations.NullMarked;
