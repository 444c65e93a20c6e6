package io.taffrail.replication;

import io.taffrail.replication.port.EventLoop;
import io.taffrail.wal.Wal;
import io.taffrail.wal.WalException;
import io.taffrail.wal.WalReader;
import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Reads the log's files off the loop, one read after the other; what comes of them comes back to the loop. The
/// methods are the loop's.
final class DiskReads {
    private static final int MAX_WAITING = 16;

    private final WalReader reader;
    private final Executor disk;
    private final EventLoop loop;
    private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();
    private boolean busy;

    DiskReads(Wal wal, Executor disk, EventLoop loop) {
        this.reader = wal.newReader();
        this.disk = disk;
        this.loop = loop;
    }

    boolean isBusy() {
        return busy;
    }

    /// `done` hears null if the log does not hold what was to be read, any more or at all. False: too many
    /// wait.
    ///
    /// @param bad hears of bytes that are not what was written
    <T> boolean submit(Function<WalReader, @Nullable T> read, Consumer<@Nullable T> done, Runnable bad) {
        if (waiting.size() == MAX_WAITING) {
            return false;
        }
        waiting.add(() -> run(read, done, bad));
        next();
        return true;
    }

    private void next() {
        var job = busy ? null : waiting.poll();
        if (job != null) {
            busy = true;
            disk.execute(job);
        }
    }

    private <T> void run(Function<WalReader, @Nullable T> read, Consumer<@Nullable T> done, Runnable bad) {
        T result = null;
        var isBad = false;
        RuntimeException broken = null;
        try {
            result = read.apply(reader);
        } catch (WalException.BadEntry | WalException.Unusable corrupt) {
            isBad = true;
        } catch (WalException.OutOfRange gone) {
            // Trimmed or cut meanwhile.
        } catch (RuntimeException unexpected) {
            broken = unexpected;
        }
        var value = result;
        var told = isBad;
        var failure = broken;
        loop.execute(() -> {
            busy = false;
            if (failure != null) {
                throw failure;
            }
            if (told) {
                bad.run();
            }
            done.accept(value);
            next();
        });
    }
}
