package io.taffrail.streams;

/// The payload of a RECORDS entry, little-endian: this prefix, then the records as `repeated Record records =
/// 15` encodes them, tags and lengths included. Those bytes are what arrived, and what a reader gets.
///
/// | at | bytes | |
/// |---|---|---|
/// | 0 | 8 | stream id |
/// | 8 | 8 | base offset |
/// | 16 | 8 | time, milliseconds since the epoch |
/// | 24 | 8 | producer id, 0: none |
/// | 32 | 8 | sequence |
/// | 40 | 4 | producer epoch |
/// | 44 | 4 | record count |
/// | 48 | 4 | CRC32C of the records' bytes |
/// | 52 | 4 | 0 |
public final class RecordsPayload {
    public static final int PREFIX_BYTES = 56;
    /// Tag of field 15, length-delimited.
    public static final byte RECORDS_TAG = (15 << 3) | 2;

    private RecordsPayload() {}
}
