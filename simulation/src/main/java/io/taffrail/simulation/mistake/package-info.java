/// Mistakes made in production code as it is loaded, see [MistakenClassLoader]: the code itself has no switch for any.
@NullMarked
package io.taffrail.simulation.mistake;

import org.jspecify.annotations.NullMarked;
