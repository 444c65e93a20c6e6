/// Searches every order of events of a small cluster of production cores; begin with `ModelSearch`. See
/// MODEL.md.
@NullMarked
package io.taffrail.simulation.model;

import org.jspecify.annotations.NullMarked;
