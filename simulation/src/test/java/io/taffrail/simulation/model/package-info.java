@NullMarked
package io.taffrail.simulation.model;

import org.jspecify.annotations.NullMarked;
