/// Bytes of what replicas say to each other and of what they keep besides the log: versioned, checksummed, bounded.
/// Open [FrameCodec] first.
@NullMarked
package io.taffrail.replication.codec;

import org.jspecify.annotations.NullMarked;
