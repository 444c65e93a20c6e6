package io.taffrail.wal.record;

/// What an entry of the log is. The code is on disk and on the wire: never reuse one.
public enum EntryType {
    /// A batch of users' records; see `streams` for the payload.
    RECORDS(1),
    /// A change of streams, producers or cursors; see `streams`.
    STREAM_CONTROL(2),
    /// The first entry of a leader's reign.
    EPOCH_BEGIN(3),
    /// Voters and learners.
    CONFIG(4);

    private final byte code;

    EntryType(int code) {
        this.code = (byte) code;
    }

    public byte code() {
        return code;
    }

    /// Throws [IllegalArgumentException] for a code that this version does not know.
    public static EntryType of(byte code) {
        for (var type : values()) {
            if (type.code == code) {
                return type;
            }
        }
        throw new IllegalArgumentException("entry type " + code + " is not known to this version");
    }
}
