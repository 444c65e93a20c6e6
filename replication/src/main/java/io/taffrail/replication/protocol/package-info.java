/// The protocol's decisions as a pure function of events: no clock, no disk, no thread.
@NullMarked
package io.taffrail.replication.protocol;

import org.jspecify.annotations.NullMarked;
