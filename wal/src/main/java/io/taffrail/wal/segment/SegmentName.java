package io.taffrail.wal.segment;

import java.util.HexFormat;
import java.util.regex.Pattern;

/// Segment files are named by sequence number, not by LSN: a file is named, zero-filled and flushed with its
/// directory long before it is known at which LSN it will begin, so that rolling needs no directory
/// operation. The LSN is in the header.
public final class SegmentName {
    private static final Pattern PATTERN = Pattern.compile("[0-9a-f]{16}\\.segment");

    private SegmentName() {}

    public static String of(long sequence) {
        return HexFormat.of().toHexDigits(sequence) + ".segment";
    }

    public static boolean matches(String name) {
        return PATTERN.matcher(name).matches();
    }

    public static long sequence(String name) {
        return Long.parseUnsignedLong(name, 0, 16, 16);
    }
}
