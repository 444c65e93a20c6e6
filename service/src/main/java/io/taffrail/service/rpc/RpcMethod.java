package io.taffrail.service.rpc;

/// Takes in a call. Its messages come to the listener that is returned.
@FunctionalInterface
public interface RpcMethod {
    RpcListener accept(RpcCall call);
}
