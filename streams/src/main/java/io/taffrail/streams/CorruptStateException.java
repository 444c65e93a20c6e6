package io.taffrail.streams;

/// Bytes that this module wrote do not read back: a payload, a checkpoint or an index file is damaged, or of
/// a version that is not known here. Everything but a payload can be made again from the log.
public final class CorruptStateException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public CorruptStateException(String message) {
        super(message);
    }

    public CorruptStateException(String message, Throwable cause) {
        super(message, cause);
    }
}
