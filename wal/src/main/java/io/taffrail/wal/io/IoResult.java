package io.taffrail.wal.io;

public sealed interface IoResult {
    /// `bytes` transferred; 0 for a sync.
    record Done(int bytes) implements IoResult {}

    /// `errno` as the kernel gave it, or 0 where the platform hides it; `message` names the operation, the
    /// file and, where something can be done about it, what to change.
    record Failed(int errno, String message) implements IoResult {}
}
