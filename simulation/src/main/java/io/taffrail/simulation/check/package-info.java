/// The promises, one class each, and the ledger of what was acknowledged.
@NullMarked
package io.taffrail.simulation.check;

import org.jspecify.annotations.NullMarked;
