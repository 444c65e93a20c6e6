/// What breaks, how often, and how much of it at once.
@NullMarked
package io.taffrail.simulation.fault;

import org.jspecify.annotations.NullMarked;
