package io.taffrail.service;

import io.taffrail.service.host.ReplicaHost;
import io.taffrail.service.telemetry.ProcessInfo;
import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.file.Buffering;
import io.taffrail.wal.io.file.FileLogDirectory;
import io.taffrail.wal.io.selection.IoMethods;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Executor;

/// The data directory and the way into it, as configured.
///
/// @param workers run the requests of the `worker` method, and free the space of deleted files
record LogStorage(Path path, boolean direct, ServiceSettings.IoChoice choice, Executor workers, ProcessInfo info)
        implements ReplicaHost.Storage {
    @Override
    public LogDirectory openDirectory() throws IOException {
        var directory = FileLogDirectory.open(path, direct ? Buffering.DIRECT : Buffering.BUFFERED, workers);
        try {
            // With the directory's lock in hand: nobody else may be about to mark a failure.
            new StorageFailures(path).check();
        } catch (IOException refused) {
            directory.close();
            throw refused;
        }
        return directory;
    }

    @Override
    public IoMethod openIo(LogDirectory directory) throws IOException {
        var opened = IoMethods.open(choice.name().toLowerCase(Locale.ROOT), directory, workers);
        var reason = opened.reason();
        if (directory instanceof FileLogDirectory files) {
            reason += "; " + files.bufferingReason();
        }
        info.ioChosen(opened.method().name(), reason);
        return opened.method();
    }

    @Override
    public boolean flushFailed(LogDirectory directory) throws IOException {
        return directory instanceof FileLogDirectory files
                && files.buffering() == Buffering.BUFFERED
                && new StorageFailures(path).isNew();
    }

    @Override
    public void recovered() throws IOException {
        new StorageFailures(path).recovered();
    }
}
