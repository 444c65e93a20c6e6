/// The replica in its process: its loop, its thread, and who is told what. Start at
/// [io.taffrail.service.host.ReplicaHost].
@NullMarked
package io.taffrail.service.host;

import org.jspecify.annotations.NullMarked;
