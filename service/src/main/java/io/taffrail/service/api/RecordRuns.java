package io.taffrail.service.api;

import io.taffrail.streams.RecordsPayload;

/// Steps through encoded records, as they are stored, without looking into them.
final class RecordRuns {
    private RecordRuns() {}

    /// Position behind the record that begins at `position`. Throws [IllegalStateException] for bytes that are not
    /// records: they had a valid checksum, so this would be a fault of ours.
    static int next(byte[] bytes, int position, int end) {
        if (position >= end || bytes[position] != RecordsPayload.RECORDS_TAG) {
            throw new IllegalStateException("no record begins at byte " + position + " of " + end);
        }
        var at = position + 1;
        var length = 0;
        for (var shift = 0; ; shift += 7) {
            if (at >= end || shift > 28) {
                throw new IllegalStateException("the record at byte " + position + " of " + end + " has no length");
            }
            var octet = bytes[at++];
            length |= (octet & 0x7f) << shift;
            if (octet >= 0) {
                break;
            }
        }
        if (length < 0 || length > end - at) {
            throw new IllegalStateException(
                    "the record at byte " + position + " has " + length + " bytes, " + (end - at) + " are left");
        }
        return at + length;
    }

    static int skip(byte[] bytes, int position, int end, long count) {
        var at = position;
        for (var i = 0L; i < count; i++) {
            at = next(bytes, at, end);
        }
        return at;
    }
}
