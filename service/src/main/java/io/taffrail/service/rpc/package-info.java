/// gRPC over HTTP/2, as far as a log needs it: calls whose reading stops when it is told to, and whose answers leave
/// many at a time. Start at [io.taffrail.service.rpc.RpcServer]; service/README.md says why this is not a
/// library's.
@NullMarked
package io.taffrail.service.rpc;

import org.jspecify.annotations.NullMarked;
