package io.taffrail.wal;

/// What comes back from the disk. Called from [Wal#doWork], on the loop's thread.
public interface WalListener {
    /// Everything below `lsn` survives power loss.
    void flushed(long lsn);

    /// A write or a flush failed: nothing was retried, nothing more will be flushed, and what lies above the
    /// last [#flushed] is unknown (see wal/README.md, "A failed flush").
    void failed(String message);
}
