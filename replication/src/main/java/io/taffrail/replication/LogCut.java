package io.taffrail.replication;

import io.taffrail.replication.protocol.Event;
import io.taffrail.streams.StreamStore;
import io.taffrail.wal.Wal;
import io.taffrail.wal.WalException;
import io.taffrail.wal.WalReader;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/// Cuts the log where it ceases to be the leader's, over several turns; the replica follows nobody meanwhile.
/// The methods are the loop's.
///
/// Everything is flushed first (nothing may be in flight), and the witness in `meta` lowered: after a crash it
/// would call the shorter log corrupt.
final class LogCut {
    /// A replica that cuts its log follows nobody, and testifies to nothing.
    private static final long MAX_REPAIR_NANOS = 20_000_000_000L;

    private enum Step {
        ASKED,
        HINT_LOWERED,
        /// What stays in front of the cut has to be repaired first.
        DAMAGED,
        /// The streams' state, which went back to a checkpoint, follows up to the cut.
        CUT
    }

    /// @param sinceNanos when the step was reached
    /// @param neededLsn what stands there has to be read next
    private record Cutting(long lsn, Step step, long sinceNanos, long neededLsn) {}

    private final Wal wal;
    private final WalReader reader;
    private final StreamStore store;
    private final MetaFile metaFile;
    private final Scrubbing scrubbing;
    private final RecentElections elections;
    private final LogOwner owner;
    private @Nullable Cutting cutting;

    LogCut(
            Wal wal,
            WalReader reader,
            StreamStore store,
            MetaFile metaFile,
            Scrubbing scrubbing,
            RecentElections elections,
            LogOwner owner) {
        this.wal = wal;
        this.reader = reader;
        this.store = store;
        this.metaFile = metaFile;
        this.scrubbing = scrubbing;
        this.elections = elections;
        this.owner = owner;
    }

    boolean isUnderWay() {
        return cutting != null;
    }

    /// What is left of the log may be repaired.
    boolean isRepairable() {
        return cutting == null || cutting.step() == Step.DAMAGED || cutting.step() == Step.CUT;
    }

    void begin(long lsn) {
        cutting = new Cutting(lsn, Step.ASKED, 0, lsn);
        wal.requestFlush();
        owner.wake();
    }

    int doWork(long now) {
        var current = cutting;
        if (current == null) {
            return 0;
        }
        if (current.step() == Step.ASKED) {
            current = new Cutting(current.lsn(), Step.HINT_LOWERED, now, current.lsn());
            cutting = current;
            metaFile.lowerHint(current.lsn(), owner::wake);
        }
        if (wal.flushedLsn() < wal.receivedLsn() || metaFile.isWriting() || scrubbing.isBusy()) {
            return 0;
        }
        try {
            if (current.step() == Step.DAMAGED && isBeingRepaired(current, now)) {
                return 0;
            }
            if (current.step() != Step.CUT) {
                cut(current.lsn());
                current = new Cutting(current.lsn(), Step.CUT, now, store.appliedLsn());
                cutting = current;
            }
            if (isBeingRepaired(current, now)) {
                return 0;
            }
            LogReplay.replay(reader, store.appliedLsn(), wal.receivedLsn(), store::apply);
        } catch (WalException.NoRoom full) {
            // The next turn tries again; until then this replica follows nobody.
            return 0;
        } catch (WalException.Damaged damaged) {
            var since = current.step() == Step.DAMAGED ? current.sinceNanos() : now;
            current = new Cutting(current.lsn(), Step.DAMAGED, since, damaged.lsn());
            cutting = current;
            return damagedBelowCut(current, damaged, now);
        } catch (WalException.BadEntry damaged) {
            current = new Cutting(current.lsn(), Step.CUT, current.sinceNanos(), store.appliedLsn());
            cutting = current;
            return damagedBelowCut(current, damaged, now);
        } catch (WalException.Unusable | UncheckedIOException refused) {
            owner.storageFailed(String.valueOf(refused.getMessage()));
            return 1;
        }
        cutting = null;
        owner.post(new Event.Truncated(owner.logReplaced()));
        return 1;
    }

    private boolean isBeingRepaired(Cutting current, long now) {
        return scrubbing.isDoubtful(current.neededLsn()) && now - current.sinceNanos() < MAX_REPAIR_NANOS;
    }

    private void cut(long lsn) {
        var shortens = lsn < wal.receivedLsn();
        if (shortens) {
            store.truncated(lsn);
        }
        if (shortens && store.appliedLsn() < wal.startLsn()) {
            beginAnew(lsn);
        } else {
            wal.truncate(lsn);
        }
        if (shortens) {
            owner.logShortened();
            elections.truncated(wal.receivedLsn());
        }
    }

    /// Every checkpoint holds something that is to be cut: a majority had flushed it, and a forced recovery gave it up.
    /// With nothing, as in a start, the leader fills this replica up.
    private void beginAnew(long cutLsn) {
        if (!owner.isSuspect()) {
            throw new WalException.Unusable(
                    "the log begins at %s, and no checkpoint of the streams is between that and %s"
                            .formatted(wal.startLsn(), cutLsn));
        }
        wal.restart(0, 0, 0, cutLsn);
        store.reset();
    }

    /// What is left of the log is the leader's, so the others hold what stood there. Where none of them gives it, the
    /// next process does without: its start takes the log up to there, and makes this replica suspect.
    private int damagedBelowCut(Cutting current, WalException damaged, long now) {
        if (now - current.sinceNanos() < MAX_REPAIR_NANOS) {
            scrubbing.doubt(current.neededLsn());
            return 0;
        }
        owner.storageFailed(
                "the log is damaged at LSN %s and was not repaired from another replica within %s s, the next"
                                .formatted(current.neededLsn(), MAX_REPAIR_NANOS / 1_000_000_000)
                        + " start gives up what stands from there on, to be filled again: " + damaged.getMessage());
        return 1;
    }
}
