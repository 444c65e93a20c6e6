package io.taffrail.replication.codec;

/// Bytes that are not what they should be. Nothing of them is used.
public final class MalformedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public MalformedException(String message) {
        super(message);
    }
}
