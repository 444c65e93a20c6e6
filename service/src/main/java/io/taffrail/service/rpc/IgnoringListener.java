package io.taffrail.service.rpc;

/// Of a call that was answered before its first message.
public enum IgnoringListener implements RpcListener {
    INSTANCE;

    @Override
    public void message(byte[] array, int offset, int length) {}

    @Override
    public void halfClosed() {}

    @Override
    public void closed() {}

    @Override
    public void deadlineExceeded() {}

    @Override
    public void writable() {}
}
