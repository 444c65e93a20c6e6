package io.taffrail.simulation.model;

/// How far a search goes. Everything inside is explored in every order.
///
/// @param epochs highest epoch that anyone stands for
/// @param records that clients append, over all
/// @param crashes over all; a crash and the restart after it are one action
/// @param flushesAtOnce an append is flushed before anything else happens; otherwise flushing is an
/// action of its own
/// @param metaAtOnce as `flushesAtOnce`, for the hard state
/// @param entriesInFrame that a leader ships at most at once
/// @param fromMemory clients ask for Async instead of Sync
/// @param waitsForAmnesic an election with a silent voter that may hold more waits for ever, as
/// `Consistent` does
/// @param damages over all; a replica starts again without the last entry that it had flushed, and knows that its
/// log is damaged
/// @param changes of the voters, over all
public record Bounds(
        int epochs,
        int records,
        int crashes,
        boolean flushesAtOnce,
        boolean metaAtOnce,
        int entriesInFrame,
        boolean fromMemory,
        boolean waitsForAmnesic,
        int damages,
        int changes) {
    public static Bounds of(int epochs, int records, int crashes, boolean fromMemory) {
        return new Bounds(epochs, records, crashes, false, false, Integer.MAX_VALUE, fromMemory, true, 0, 0);
    }

    public Bounds disksAtOnce(boolean flushes, boolean meta) {
        return new Bounds(
                epochs, records, crashes, flushes, meta, entriesInFrame, fromMemory, waitsForAmnesic, damages, changes);
    }

    public Bounds frames(int entries) {
        return new Bounds(
                epochs,
                records,
                crashes,
                flushesAtOnce,
                metaAtOnce,
                entries,
                fromMemory,
                waitsForAmnesic,
                damages,
                changes);
    }

    public Bounds goesOnWithoutAmnesic() {
        return new Bounds(
                epochs,
                records,
                crashes,
                flushesAtOnce,
                metaAtOnce,
                entriesInFrame,
                fromMemory,
                false,
                damages,
                changes);
    }

    public Bounds damages(int damagesOverAll) {
        return new Bounds(
                epochs,
                records,
                crashes,
                flushesAtOnce,
                metaAtOnce,
                entriesInFrame,
                fromMemory,
                waitsForAmnesic,
                damagesOverAll,
                changes);
    }

    public Bounds changes(int changesOverAll) {
        return new Bounds(
                epochs,
                records,
                crashes,
                flushesAtOnce,
                metaAtOnce,
                entriesInFrame,
                fromMemory,
                waitsForAmnesic,
                damages,
                changesOverAll);
    }
}
