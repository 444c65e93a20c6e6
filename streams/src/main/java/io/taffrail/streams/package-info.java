/// The state that the log determines: streams, their indexes, producers, cursors, retention. Open
/// [StreamStore] first.
@NullMarked
package io.taffrail.streams;

import org.jspecify.annotations.NullMarked;
