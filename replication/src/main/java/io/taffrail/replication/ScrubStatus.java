package io.taffrail.replication;

import java.util.List;

/// What verifying the closed segments has come to, since the process started.
///
/// @param verifiedBytes of the log
/// @param rounds over all closed segments
/// @param damages that are known and not repaired, in the order of the log; the first [#MAX_DAMAGES]
/// @param repairedSegments segments that were written anew
/// @param failedRepairs tries that did not end so
/// @param lastFailure why the last of those did not; empty: none has failed
public record ScrubStatus(
        long verifiedBytes,
        long rounds,
        List<Damage> damages,
        long repairedSegments,
        long failedRepairs,
        String lastFailure) {
    /// More than a person reads; a disk with more of them is to be replaced.
    public static final int MAX_DAMAGES = 64;

    public static final ScrubStatus NONE = new ScrubStatus(0, 0, List.of(), 0, 0, "");

    /// From `fromLsn` to `toLsn` nothing can be read; where both are equal it is a segment's header, which
    /// only the next start needs.
    public record Damage(long fromLsn, long toLsn, String what) {
        public boolean covers(long lsn) {
            return fromLsn <= lsn && lsn < toLsn;
        }
    }
}
