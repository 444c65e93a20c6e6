/// The replica: feeds events to the protocol's core, performs its effects, nothing else. Open [Replica]
/// first.
@NullMarked
package io.taffrail.replication;

import org.jspecify.annotations.NullMarked;
