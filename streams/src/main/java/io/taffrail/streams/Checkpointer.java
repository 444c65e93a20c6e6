package io.taffrail.streams;

import io.taffrail.wal.io.LogDirectory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/// Writes checkpoints beside the loop. A turn of the loop takes one of these steps:
///
/// 1. enough was applied: take a [Snapshot] of what changed, in memory;
/// 2. the log is flushed up to the snapshot: hand it to the executor, which writes an index file, the
///    checkpoint, and perhaps a merged index file;
/// 3. it is written: let the streams find their batches in the file and drop them from memory, some streams a
///    turn.
///
/// Files that no retained checkpoint and no stream names any more are deleted by the next job, which cannot
/// begin before step 3 has ended.
final class Checkpointer {
    /// Streams that let go of memory in one turn, so that a turn stays at about a millisecond.
    private static final int ABSORBED_PER_TURN = 1024;

    private static final int ABSORBED_PER_ENTRY = 2;

    /// What is known of a checkpoint on disk.
    record Retained(FileName.Checkpoint name, long neededLsn, List<FileName.Index> indexFiles, long sizeBytes) {
        /// The checkpoint itself last.
        List<String> fileNames() {
            var names = new ArrayList<String>();
            indexFiles.forEach(index -> names.add(index.toString()));
            names.add(name.toString());
            return names;
        }
    }

    private final LogDirectory directory;
    private final Executor executor;
    private final StreamStoreConfig config;
    private final Findings findings;
    private final CheckpointWriter writer;

    private List<Retained> retained = List.of();
    private long snapshotLsn;
    private @Nullable Snapshot waiting;
    private @Nullable CheckpointJob running;
    private @Nullable Absorption absorption;
    /// The last job wrote nothing. Told when it begins: the jobs after it may fail in the same way.
    private boolean failed;
    /// One is due, whatever was applied since.
    private boolean again;

    Checkpointer(LogDirectory directory, Executor executor, StreamStoreConfig config, Findings findings) {
        this.directory = directory;
        this.executor = executor;
        this.config = config;
        this.findings = findings;
        this.writer = new CheckpointWriter(directory, config);
    }

    /// Deletes the checkpoints above `limitLsn`, durably: once the log has grown past them again with other
    /// entries, they would be taken for its own. Returns the state of the newest that is left; once that has
    /// replaced the one before, [#closeUnused] is to be called.
    LogState restore(long limitLsn) throws IOException {
        forgetWork();
        // A job that was cancelled may still be at it; it deletes files.
        synchronized (writer) {
            for (var name : Checkpoints.names(directory)) {
                if (name.lsn() > limitLsn) {
                    directory.delete(name.toString());
                }
            }
            directory.sync();
            return load();
        }
    }

    /// Closes the files that only the state before named. Not before that is replaced: whoever looks up something in
    /// one meanwhile does so again.
    void closeUnused() {
        writer.closeAllBut(fileNames(retained));
    }

    /// The state of the newest checkpoint that is whole, or an empty one.
    LogState load() throws IOException {
        var state = new LogState();
        var found = new ArrayList<Retained>();
        for (var name : Checkpoints.names(directory).reversed()) {
            if (found.size() == config.retainedCheckpoints()) {
                break;
            }
            try {
                var loaded = CheckpointFile.read(directory, name);
                var files = writer.open(loaded.indexFiles());
                if (found.isEmpty()) {
                    state = new LogState(loaded.image());
                    for (var file : files) {
                        state.addRuns(file.directory());
                    }
                    writer.startFrom(loaded.image(), files);
                }
                found.addFirst(new Retained(
                        name, loaded.image().firstLsn(), List.copyOf(loaded.indexFiles()), loaded.sizeBytes()));
            } catch (CorruptStateException | IOException e) {
                findings.add("checkpoint " + name + " is skipped: " + e.getMessage());
            }
        }
        if (found.isEmpty()) {
            state = new LogState();
            writer.startFrom(new StateImage(), List.of());
        }
        retained = List.copyOf(found);
        snapshotLsn = state.appliedLsn();
        return state;
    }

    private void forgetWork() {
        if (running != null) {
            running.cancel();
        }
        running = null;
        waiting = null;
        absorption = null;
        failed = false;
        again = false;
    }

    void turn(LogState state, long flushedLsn) {
        collect(state);
        if (running != null) {
            return;
        }
        if (absorption != null) {
            if (!absorption.advance(state, ABSORBED_PER_TURN)) {
                return;
            }
            absorption = null;
        }
        if (waiting == null && due(state)) {
            waiting = state.snapshot();
            snapshotLsn = waiting.appliedLsn();
            again = false;
        }
        if (waiting != null && waiting.appliedLsn() <= flushedLsn) {
            var job = new CheckpointJob(writer, waiting, retained);
            waiting = null;
            running = job;
            try {
                executor.execute(job);
            } catch (RejectedExecutionException e) {
                failed(state, job.snapshot(), "the executor refused: " + e.getMessage());
            }
            collect(state);
        }
    }

    /// An entry was applied: memory is let go of at least as fast as it is taken, however rare the turns are.
    void applied(LogState state) {
        if (absorption != null && absorption.advance(state, ABSORBED_PER_ENTRY)) {
            absorption = null;
        }
    }

    private boolean due(LogState state) {
        var interval = config.checkpointBytes();
        if (!retained.isEmpty()) {
            interval = Math.max(
                    interval, config.logPerCheckpoint() * retained.getLast().sizeBytes());
        }
        var applied = state.appliedLsn() - snapshotLsn;
        // What a trim gives back is only given back once it is in every retained checkpoint.
        return applied >= interval || (applied > 0 && (again || state.trimmedBytes() >= config.checkpointBytes()));
    }

    private void collect(LogState state) {
        var job = running;
        if (job == null) {
            return;
        }
        switch (job.outcome()) {
            case null -> {}
            case CheckpointJob.Outcome.Failed failed -> failed(state, job.snapshot(), failed.message());
            case CheckpointJob.Outcome.Broken broken ->
                throw new IllegalStateException("a checkpoint could not be written", broken.cause());
            case CheckpointJob.Outcome.Written written -> {
                retained = written.retained();
                absorption = new Absorption(job.snapshot(), written);
                running = null;
                failed = false;
                written.findings().forEach(findings::add);
            }
        }
    }

    // Nothing is lost: what the snapshot holds is still in memory and goes into the next one.
    private void failed(LogState state, Snapshot snapshot, String message) {
        running = null;
        state.markChanged(snapshot);
        if (!failed) {
            findings.add("checkpoint at LSN %s was not written: %s".formatted(snapshot.appliedLsn(), message));
        }
        failed = true;
    }

    /// What the last job could not write is due again, however little was applied since.
    void tryAgain() {
        if (failed && waiting == null && running == null) {
            again = true;
            snapshotLsn = newestLsn();
        }
    }

    /// Of the newest checkpoint; 0: there is none.
    long newestLsn() {
        return retained.isEmpty() ? 0 : retained.getLast().name().lsn();
    }

    /// Everything below was trimmed or is in index files and state that every retained checkpoint holds.
    long neededLsn() {
        // Until there are as many checkpoints as are to be kept, a damaged one is made up for by the log.
        return retained.size() < config.retainedCheckpoints()
                ? 0
                : retained.stream().mapToLong(Retained::neededLsn).min().orElse(0);
    }

    /// As [#neededLsn], if a restart from an older checkpoint may find less of the log than that knows of: it replays
    /// the log, which ends in what the newest one says.
    long leastNeededLsn() {
        return retained.isEmpty()
                ? 0
                : Math.min(retained.getFirst().name().lsn(), retained.getLast().neededLsn());
    }

    void close() {
        forgetWork();
        writer.close();
    }

    List<String> newestFiles() {
        return retained.isEmpty() ? List.of() : retained.getLast().fileNames();
    }

    /// Names in use, for deleting the others.
    static Set<String> fileNames(List<Retained> retained) {
        var names = new HashSet<String>();
        retained.forEach(checkpoint -> names.addAll(checkpoint.fileNames()));
        return names;
    }
}
