@NullMarked
package io.taffrail.simulation.world;

import org.jspecify.annotations.NullMarked;
