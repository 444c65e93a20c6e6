package io.taffrail.service.rpc;

/// What happens on a call. Everything is called on the connection's event loop.
public interface RpcListener {
    /// `array` stays as it is; it may be kept.
    void message(byte[] array, int offset, int length);

    /// The client has sent everything.
    void halfClosed();

    /// The call is over, whoever ended it: the listener, a reset, a lost connection, what the client sent. Once for
    /// every call, and the last that is called; nothing can be written any more.
    void closed();

    /// The deadline that the client set is over. Ends the call.
    void deadlineExceeded();

    /// There is room to write again, after [RpcCall#writable] was false.
    void writable();
}
