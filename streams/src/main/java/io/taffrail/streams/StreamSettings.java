package io.taffrail.streams;

/// The cluster's defaults for streams; they may change at any time and are not part of the log's state.
///
/// @param minimum no stream or append may go below
/// @param retentionMillis 0: for ever
/// @param retentionBytes 0: without limit
public record StreamSettings(Durability durability, Durability minimum, long retentionMillis, long retentionBytes) {
    public static final StreamSettings DEFAULTS =
            new StreamSettings(Durability.SAFEST_DEFAULT, Durability.WEAKEST, 0, 0);
}
