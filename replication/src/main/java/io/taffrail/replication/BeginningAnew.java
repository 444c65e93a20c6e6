package io.taffrail.replication;

import io.taffrail.replication.port.EventLoop;
import io.taffrail.replication.port.Network;
import io.taffrail.replication.protocol.Event;
import io.taffrail.replication.protocol.Message;
import io.taffrail.streams.StreamStore;
import io.taffrail.wal.Wal;
import io.taffrail.wal.WalException;
import io.taffrail.wal.io.LogDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Replaces the log and the streams' state by a seed of the leader's, over several turns; the replica follows nobody
/// meanwhile. The methods are the loop's.
///
/// In this order: the files are here; `suspect` is durable and no witness speaks for the old log; the log is
/// begun anew; the streams' state is replaced; the lineage is durable. A crash in between finds a log and
/// a state that do not fit, which a suspect replica answers by beginning with nothing.
final class BeginningAnew {
    private enum Step {
        COPYING,
        /// Off the loop: a long log has gigabytes of index files.
        VERIFYING,
        /// The core has been told.
        COPIED,
        /// What has to be durable before is told to the disk.
        ALLOWED,
        HINT_LOWERED,
        INSTALLED
    }

    private final Wal wal;
    private final StreamStore store;
    private final LogDirectory streamsFolder;
    private final MetaFile metaFile;
    private final Scrubbing scrubbing;
    private final RecentElections elections;
    private final Network network;
    private final Executor background;
    private final EventLoop loop;
    private final Consumer<String> hindered;
    private final LogOwner owner;

    /// @param damage null: none
    private record Verdict(@Nullable String damage) {}

    private @Nullable Seeding seeding;
    private @Nullable Verdict verdict;
    private @Nullable String toldDamage;
    private Step step = Step.COPYING;
    private long divergedLsn;
    /// Files of a seed may lie here that no longer leads to anything.
    private boolean seedMayLie = true;

    /// @param hindered hears what is wrong with a seed, once though the same is offered again and again
    BeginningAnew(
            Wal wal,
            StreamStore store,
            LogDirectory streamsFolder,
            MetaFile metaFile,
            Scrubbing scrubbing,
            RecentElections elections,
            Network network,
            Executor background,
            EventLoop loop,
            Consumer<String> hindered,
            LogOwner owner) {
        this.wal = wal;
        this.store = store;
        this.streamsFolder = streamsFolder;
        this.metaFile = metaFile;
        this.scrubbing = scrubbing;
        this.elections = elections;
        this.network = network;
        this.background = background;
        this.loop = loop;
        this.hindered = hindered;
        this.owner = owner;
    }

    boolean isUnderWay() {
        return seeding != null;
    }

    /// @param leaderStorage null: unknown
    void copy(int from, @Nullable UUID leaderStorage, Message.Reseed offer) {
        seeding = new Seeding(streamsFolder, network, from, leaderStorage, offer, loop.nanoTime());
        step = Step.COPYING;
        seedMayLie = true;
        ask(loop.nanoTime());
        owner.wake();
    }

    /// Now and then: the last request or its answer may have been lost.
    void ask(long now) {
        if (seeding != null) {
            seeding.ask(owner.envelope(), now);
        }
    }

    void take(Message.SeedChunk chunk) {
        if (seeding != null) {
            seeding.take(chunk, owner.envelope(), loop.nanoTime());
            owner.wake();
        }
    }

    /// What was copied may replace the log, of which the part from `ownDivergedLsn` on is kept aside.
    void install(long ownDivergedLsn) {
        step = Step.ALLOWED;
        divergedLsn = ownDivergedLsn;
        owner.wake();
    }

    /// The log goes on from where it is, or what was copied is of no use.
    void forgetCopies() {
        if (!seedMayLie) {
            return;
        }
        seedMayLie = false;
        try {
            SeedProgress.clear(streamsFolder, Set.of());
        } catch (IOException e) {
            owner.storageFailed("copies of a seed cannot be deleted: " + e.getMessage());
        }
    }

    int doWork(long now) {
        var current = seeding;
        if (current == null) {
            return 0;
        }
        return switch (step) {
            case COPYING -> copied(current, now);
            case VERIFYING -> verdict == null ? 0 : judged(verdict);
            case COPIED -> 0;
            case ALLOWED -> {
                if (wal.flushedLsn() < wal.receivedLsn()) {
                    wal.requestFlush();
                    yield 0;
                }
                step = Step.HINT_LOWERED;
                metaFile.lowerHint(0, owner::wake);
                yield 1;
            }
            case HINT_LOWERED -> !metaFile.isWriting() && !scrubbing.isBusy() ? replaceLog(current) : 0;
            case INSTALLED -> metaFile.isSettled() ? installed(current) : 0;
        };
    }

    private int copied(Seeding current, long now) {
        return switch (current.progress(now)) {
            case COPYING -> 0;
            case FAILED -> giveUp();
            case COPIED -> {
                step = Step.VERIFYING;
                verify(current);
                yield 1;
            }
        };
    }

    private void verify(Seeding copied) {
        verdict = null;
        background.execute(() -> {
            try {
                var found = new Verdict(copied.damage());
                loop.execute(() -> {
                    if (copied.equals(seeding)) {
                        verdict = found;
                        owner.wake();
                    }
                });
            } catch (RuntimeException unexpected) {
                loop.execute(() -> {
                    throw unexpected;
                });
            }
        });
    }

    private int judged(Verdict found) {
        if (found.damage() != null) {
            if (!found.damage().equals(toldDamage)) {
                toldDamage = found.damage();
                hindered.accept("the seed that this replica needs to begin its log anew is damaged, it asks again: "
                        + found.damage());
            }
            forgetCopies();
            return giveUp();
        }
        step = Step.COPIED;
        owner.post(new Event.SeedCopied());
        return 1;
    }

    private int giveUp() {
        seeding = null;
        owner.post(new Event.Seeded(null, 0, null));
        return 1;
    }

    private int replaceLog(Seeding current) {
        var start = current.offer().start();
        try {
            wal.restart(start.lsn(), start.epoch(), start.chainCrc(), divergedLsn);
            owner.logShortened();
            elections.clear();
            store.reset();
            current.install();
            store.reload();
        } catch (WalException.NoRoom full) {
            return 0;
        } catch (IOException | UncheckedIOException | WalException.Unusable refused) {
            owner.storageFailed("seed: " + refused.getMessage());
            return 1;
        }
        if (store.appliedLsn() < start.lsn()) {
            owner.storageFailed("seed: what was copied, and was whole, cannot be read any more");
            return 1;
        }
        step = Step.INSTALLED;
        metaFile.write(current.offer().lineage());
        return 1;
    }

    private int installed(Seeding current) {
        seeding = null;
        owner.post(new Event.Seeded(owner.logReplaced(), store.appliedLsn(), current.offer()));
        return 1;
    }
}
