package io.taffrail.simulation.world;

/// How one direction between two nodes behaves. Rates are per frame or per reconnection, 0 to 1.
///
/// @param bytesPerSecond what does not fit waits at the sender, where `Network.unsentBytes` shows it
/// @param dropRate a frame vanishes and the connection with it: streams do not lose single frames
/// @param corruptRate a bit of a frame flips on the way
/// @param lateRate on a reset, what was on its way arrives after all, up to minutes later
/// @param replayRate on a reconnection, the old connection's last frames arrive once more
public record LinkQuality(
        long delayNanos,
        long jitterNanos,
        long bytesPerSecond,
        double dropRate,
        double corruptRate,
        double lateRate,
        double replayRate) {
    public static final LinkQuality LOCAL = new LinkQuality(100_000, 100_000, 1L << 30, 0, 0, 0, 0);
}
