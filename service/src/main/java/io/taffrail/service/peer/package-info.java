/// Frames between replicas: [io.taffrail.service.peer.PeerServer] takes them in,
/// [io.taffrail.service.peer.PeerClient] sends them out.
@NullMarked
package io.taffrail.service.peer;

import org.jspecify.annotations.NullMarked;
