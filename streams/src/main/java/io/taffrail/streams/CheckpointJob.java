package io.taffrail.streams;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One checkpoint on its way to the disk. Runs on the executor; the loop asks for the outcome and may cancel
/// until the checkpoint has got its name.
final class CheckpointJob implements Runnable {
    sealed interface Outcome {
        /// @param file the new index file's runs, by stream id
        /// @param merged runs of a merged file, which stand in for those of `mergedFrom`
        /// @param findings why files were not merged
        record Written(
                List<Checkpointer.Retained> retained,
                List<IndexFile.StreamRun> file,
                List<IndexFile.StreamRun> merged,
                List<IndexFile> mergedFrom,
                List<String> findings)
                implements Outcome {}

        /// The disk refused; the next job tries again.
        record Failed(String message) implements Outcome {}

        /// A bug, or the process's end: for the loop to throw.
        record Broken(Throwable cause) implements Outcome {}
    }

    private final CheckpointWriter writer;
    private final Snapshot snapshot;
    private final List<Checkpointer.Retained> retained;
    private boolean cancelled;
    private volatile @Nullable Outcome outcome;

    CheckpointJob(CheckpointWriter writer, Snapshot snapshot, List<Checkpointer.Retained> retained) {
        this.writer = writer;
        this.snapshot = snapshot;
        this.retained = retained;
    }

    Snapshot snapshot() {
        return snapshot;
    }

    /// Null: not yet.
    @Nullable
    Outcome outcome() {
        return outcome;
    }

    /// After this either no checkpoint of this job has or will get its name, or it had it before.
    synchronized void cancel() {
        cancelled = true;
    }

    /// Throws once it is cancelled.
    synchronized void ensureWanted() throws IOException {
        if (cancelled) {
            throw new IOException("cancelled");
        }
    }

    interface Publication {
        void run() throws IOException;
    }

    /// Runs it unless the job was cancelled, and keeps `cancel` waiting meanwhile.
    synchronized void publish(Publication publication) throws IOException {
        ensureWanted();
        publication.run();
    }

    @Override
    public void run() {
        try {
            outcome = writer.write(this, snapshot, retained);
        } catch (IOException | CorruptStateException e) {
            outcome = new Outcome.Failed(String.valueOf(e.getMessage()));
        } catch (RuntimeException | Error e) {
            outcome = new Outcome.Broken(e);
            throw e;
        }
    }
}
