/// Values of the log and their bytes: no I/O, no state.
@NullMarked
package io.taffrail.wal.record;

import org.jspecify.annotations.NullMarked;
