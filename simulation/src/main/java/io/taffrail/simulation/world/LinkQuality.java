package io.taffrail.simulation.world;

/// How one direction between two nodes behaves. Rates are per frame or per reconnection, 0 to 1.
///
/// @param bytesPerSecond what does not fit waits at the sender, where `Network.unsentBytes` shows it
/// @param dropRate a frame vanishes and the connection with it: streams do not lose single frames
/// @param corruptRate a bit of a frame flips on the way
/// @param lateRate on a reset, what was on its way arrives after all, up to minutes later
/// @param lateNanos so much later at most
/// @param replayRate on a reconnection, the old connection's last frames arrive once more
public record LinkQuality(
        long delayNanos,
        long jitterNanos,
        long bytesPerSecond,
        double dropRate,
        double corruptRate,
        double lateRate,
        long lateNanos,
        double replayRate) {
    private static final long LATE_NANOS = 120_000_000_000L;

    public static final LinkQuality LOCAL = new LinkQuality(100_000, 100_000, 1L << 30, 0, 0, 0, 0);

    public LinkQuality(
            long delayNanos,
            long jitterNanos,
            long bytesPerSecond,
            double dropRate,
            double corruptRate,
            double lateRate,
            double replayRate) {
        this(delayNanos, jitterNanos, bytesPerSecond, dropRate, corruptRate, lateRate, LATE_NANOS, replayRate);
    }

    /// What is on its way when the connection breaks arrives within `lateNanos` of when it would have.
    public static LinkQuality late(long delayNanos, long lateNanos) {
        return new LinkQuality(delayNanos, 0, 1L << 30, 0, 0, 1, lateNanos, 0);
    }
}
