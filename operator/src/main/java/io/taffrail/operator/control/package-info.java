/// Calls to replicas over gRPC. Open [ReplicaChannels] first.
@NullMarked
package io.taffrail.operator.control;

import org.jspecify.annotations.NullMarked;
