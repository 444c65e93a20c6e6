@NullMarked
package io.taffrail.simulation.check;

import org.jspecify.annotations.NullMarked;
