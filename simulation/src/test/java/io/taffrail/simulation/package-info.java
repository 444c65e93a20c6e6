@NullMarked
package io.taffrail.simulation;

import org.jspecify.annotations.NullMarked;
