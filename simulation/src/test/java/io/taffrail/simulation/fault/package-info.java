@NullMarked
package io.taffrail.simulation.fault;

import org.jspecify.annotations.NullMarked;
