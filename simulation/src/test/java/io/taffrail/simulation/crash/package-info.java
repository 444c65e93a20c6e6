@NullMarked
package io.taffrail.simulation.crash;

import org.jspecify.annotations.NullMarked;
