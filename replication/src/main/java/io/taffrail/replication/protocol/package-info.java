/// The replication protocol as a pure function: events in, effects out. No clock, disk, thread or logger. Open
/// [ReplicationCore] first.
@NullMarked
package io.taffrail.replication.protocol;

import org.jspecify.annotations.NullMarked;
