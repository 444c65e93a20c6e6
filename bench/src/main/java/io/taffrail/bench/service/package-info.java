/// Load on a running service over gRPC, with the client that is shipped. Open [ServiceLoad] first.
@NullMarked
package io.taffrail.bench.service;

import org.jspecify.annotations.NullMarked;
