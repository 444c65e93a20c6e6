package io.taffrail.streams;

import io.taffrail.streams.CheckpointJob.Outcome;
import io.taffrail.wal.io.LogDirectory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Writes index files and checkpoints, on the executor, one job at a time: the lock is for a job that was
/// cancelled and has not noticed when the next begins, and for the loop when it restores.
final class CheckpointWriter {
    private final LogDirectory directory;
    private final StreamStoreConfig config;
    private final Map<FileName.Index, IndexFile> open = new HashMap<>();
    private StateImage image = new StateImage();
    private List<IndexFile> files = List.of();
    /// Of `files`: found to be so when they were to be merged.
    private final Set<IndexFile> damaged = new HashSet<>();

    CheckpointWriter(LogDirectory directory, StreamStoreConfig config) {
        this.directory = directory;
        this.config = config;
    }

    synchronized List<IndexFile> open(List<FileName.Index> names) throws IOException {
        var opened = new ArrayList<IndexFile>();
        for (var name : names) {
            opened.add(open(name));
        }
        return opened;
    }

    private IndexFile open(FileName.Index name) throws IOException {
        var known = open.get(name);
        if (known == null) {
            known = IndexFile.open(directory, name);
            open.put(name, known);
        }
        return known;
    }

    /// The next job goes on from here.
    synchronized void startFrom(StateImage restored, List<IndexFile> restoredFiles) {
        image = restored;
        files = List.copyOf(restoredFiles);
    }

    synchronized Outcome write(CheckpointJob job, Snapshot snapshot, List<Checkpointer.Retained> retained)
            throws IOException {
        job.ensureWanted();
        deleteUnused(retained);
        var fromLsn = files.isEmpty() ? 0 : files.getLast().name().toLsn();
        image.apply(snapshot);
        var summary = image.summary();
        CheckpointFile.ensureFits(summary, files.size() + 1);
        var next = new ArrayList<>(files);
        var runs = writeTails(new FileName.Index(fromLsn, snapshot.appliedLsn(), 0), snapshot, next, job);
        var merge = merge(next, job);
        var firstLsn = image.firstLsn();
        next.removeIf(file -> file.name().toLsn() <= firstLsn);

        var names = next.stream().map(IndexFile::name).toList();
        var name = new FileName.Checkpoint(snapshot.appliedLsn());
        var temporary = name + FileName.TEMPORARY_SUFFIX;
        var size = CheckpointFile.write(directory, temporary, image, summary.digest(), names, job);
        // Index files have their names, durably, before a checkpoint that refers to them has its own.
        directory.sync();
        job.publish(() -> directory.rename(temporary, name.toString()));
        directory.sync();
        files = List.copyOf(next);

        var kept = new ArrayList<>(retained);
        kept.removeIf(checkpoint -> checkpoint.name().equals(name));
        kept.add(new Checkpointer.Retained(name, firstLsn, names, size));
        var surplus = kept.size() - config.retainedCheckpoints();
        return new Outcome.Written(
                List.copyOf(kept.subList(Math.max(0, surplus), kept.size())),
                runs,
                merge.runs(),
                merge.from(),
                merge.findings());
    }

    private List<IndexFile.StreamRun> writeTails(
            FileName.Index name, Snapshot snapshot, List<IndexFile> next, CheckpointJob job) throws IOException {
        var tails = new ArrayList<>(snapshot.tails());
        tails.sort(Comparator.comparingLong(tail -> tail.stream().id));
        var live = tails.stream().anyMatch(tail -> image.streams.containsKey(tail.stream().id));
        if (!live) {
            return List.of();
        }
        try (var out = new IndexFileWriter(directory, name, job)) {
            for (var tail : tails) {
                var stream = image.streams.get(tail.stream().id);
                if (stream == null) {
                    continue;
                }
                var words = tail.index().words();
                for (var at = 0; at < tail.count() * IndexedBatch.WORDS; at += IndexedBatch.WORDS) {
                    if (IndexedBatch.unpack(words, at).endOffset() > stream.startOffset()) {
                        out.add(words, at);
                    }
                }
                out.endRun(stream.id());
            }
            out.finish();
        }
        close(name);
        var file = open(name);
        next.add(file);
        return file.directory();
    }

    /// @param runs of the merged file
    private record Merge(List<IndexFile.StreamRun> runs, List<IndexFile> from, List<String> findings) {}

    /// Puts a merged file into `next` in the place of those that it was made of. A checkpoint needs none: where it
    /// cannot be made, the log would go untrimmed for want of one.
    private Merge merge(List<IndexFile> next, CheckpointJob job) throws IOException {
        damaged.retainAll(next);
        var from = IndexMerge.choose(next, damaged, config.mergedFiles());
        if (from.isEmpty()) {
            return new Merge(List.of(), List.of(), List.of());
        }
        var name = IndexMerge.name(from);
        try {
            IndexMerge.write(directory, from, image, job);
            var file = open(name);
            var runs = file.directory();
            next.set(next.indexOf(from.getFirst()), file);
            next.removeAll(from);
            return new Merge(runs, from, List.of());
        } catch (CorruptStateException | IOException e) {
            job.ensureWanted();
            // The checkpoint may need the room.
            var unfinished = name + FileName.TEMPORARY_SUFFIX;
            if (directory.exists(unfinished)) {
                directory.delete(unfinished);
            }
            return new Merge(List.of(), List.of(), whyUnmerged(from, e, job));
        }
    }

    /// A file with a damaged block is not merged any more: its whole group would be read, and written in part, for
    /// each checkpoint.
    private List<String> whyUnmerged(List<IndexFile> from, Exception cause, CheckpointJob job) throws IOException {
        var findings = new ArrayList<String>();
        for (var file : from) {
            job.ensureWanted();
            try {
                file.verify();
            } catch (CorruptStateException | IOException e) {
                damaged.add(file);
                findings.add("index file %s is not merged with others: %s".formatted(file.name(), e.getMessage()));
            }
        }
        if (findings.isEmpty()) {
            findings.add("index files are not merged: " + cause.getMessage());
        }
        return findings;
    }

    /// What a crash, a failed job or a merge left, and the checkpoints that are not retained any more.
    private void deleteUnused(List<Checkpointer.Retained> retained) throws IOException {
        var used = Checkpointer.fileNames(retained);
        for (var file : files) {
            used.add(file.name().toString());
        }
        for (var name : directory.list()) {
            var ours = name.endsWith(FileName.CHECKPOINT_SUFFIX)
                    || name.endsWith(FileName.INDEX_SUFFIX)
                    || name.endsWith(FileName.TEMPORARY_SUFFIX);
            if (ours && !used.contains(name)) {
                directory.delete(name);
            }
        }
        closeAllBut(used);
    }

    /// Once no state names them any more. Also for another replica's files, which may come under the same names.
    synchronized void closeAllBut(Set<String> used) {
        for (var name : List.copyOf(open.keySet())) {
            if (!used.contains(name.toString())) {
                close(name);
            }
        }
    }

    private void close(FileName.Index name) {
        var file = open.remove(name);
        if (file != null) {
            file.close();
        }
    }

    synchronized void close() {
        closeAllBut(Set.of());
    }
}
