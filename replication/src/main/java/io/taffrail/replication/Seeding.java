package io.taffrail.replication;

import io.taffrail.replication.codec.Envelope;
import io.taffrail.replication.codec.FrameCodec;
import io.taffrail.replication.port.Network;
import io.taffrail.replication.protocol.Message;
import io.taffrail.streams.StreamStore;
import io.taffrail.wal.io.LogDirectory;
import io.taffrail.wal.io.LogFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Copies the files of a peer's streams' state into this replica's folder, under temporary names, a file
/// after the other and several chunks of it under way at once. A file that is gone at the peer, or a peer
/// that is silent, ends it; the replica then joins again. What had been flushed by then, or before the
/// process ended, is not fetched again from the same leader of the same epoch.
final class Seeding {
    /// What is read from the peer's disk at once.
    static final int CHUNK_BYTES = 256 << 10;
    /// Asked for and not here yet: enough for a round trip of 10 ms at 200 MB/s.
    static final long WINDOW_BYTES = 8L * CHUNK_BYTES;
    /// A request or its answer was lost if nothing came for so long.
    private static final long RETRY_NANOS = 200_000_000L;
    private static final long SILENCE_NANOS = 3_000_000_000L;
    /// What has come since it was last flushed is fetched again.
    private static final long FLUSH_BYTES = 8L << 20;
    /// A name comes from another process and becomes one in this folder.
    private static final Pattern NAME = Pattern.compile("[0-9a-f-]{1,64}\\.(checkpoint|index)");

    private static final String INDEX = ".index";

    enum Progress {
        COPYING,
        COPIED,
        FAILED
    }

    private final LogDirectory folder;
    private final Network network;
    private final int from;
    private final Message.Reseed offer;
    private int fileIndex;
    private long offset;
    private long askedOffset;
    private long retryNanos;
    private @Nullable LogFile target;
    private long lastNanos;
    private boolean failed;
    private @Nullable SeedProgress progress;
    private long flushedBytes;

    /// @param leaderStorage of the peer; null: unknown, and nothing of an earlier copy is used
    Seeding(
            LogDirectory folder,
            Network network,
            int from,
            @Nullable UUID leaderStorage,
            Message.Reseed offer,
            long nowNanos) {
        this.folder = folder;
        this.network = network;
        this.from = from;
        this.offer = offer;
        this.lastNanos = nowNanos;
        this.retryNanos = nowNanos + RETRY_NANOS;
        for (var file : offer.files()) {
            failed |= !NAME.matcher(file.name()).matches();
        }
        try {
            resume(leaderStorage);
        } catch (IOException e) {
            failed = true;
        }
    }

    private void resume(@Nullable UUID leaderStorage) throws IOException {
        var found = SeedProgress.open(folder, leaderStorage, offer.epoch());
        progress = found;
        var kept = new TreeSet<String>();
        for (var file : offer.files()) {
            if (found.flushedBytes(file.name(), file.sizeBytes()) > 0) {
                kept.add(file.name());
            }
        }
        SeedProgress.clear(folder, kept);
        beginFile();
    }

    /// Goes on behind what is here of the next file that is not.
    private void beginFile() throws IOException {
        var known = progress;
        for (; known != null && fileIndex < offer.files().size(); fileIndex++) {
            var file = offer.files().get(fileIndex);
            // A chunk's start, as direct I/O wants it.
            var here = known.flushedBytes(file.name(), file.sizeBytes());
            offset = here == file.sizeBytes() ? here : here / CHUNK_BYTES * CHUNK_BYTES;
            if (offset < file.sizeBytes() || file.sizeBytes() == 0) {
                break;
            }
        }
        if (fileIndex == offer.files().size()) {
            offset = 0;
        }
        askedOffset = offset;
        flushedBytes = offset;
    }

    Message.Reseed offer() {
        return offer;
    }

    Progress progress(long nowNanos) {
        if (failed || nowNanos - lastNanos > SILENCE_NANOS) {
            closeTarget();
            return Progress.FAILED;
        }
        return fileIndex == offer.files().size() ? Progress.COPIED : Progress.COPYING;
    }

    /// Asks for what the window still takes; again for all of it if nothing came for a while.
    void ask(Envelope envelope, long nowNanos) {
        if (nowNanos >= retryNanos) {
            askedOffset = offset;
            retryNanos = nowNanos + RETRY_NANOS;
        }
        if (failed || fileIndex == offer.files().size()) {
            return;
        }
        var file = offer.files().get(fileIndex);
        while (askedOffset < file.sizeBytes() && askedOffset - offset < WINDOW_BYTES) {
            network.send(
                    from,
                    FrameCodec.encode(envelope, new Message.SeedRequest(offer.epoch(), file.name(), askedOffset)));
            askedOffset += CHUNK_BYTES;
        }
    }

    /// Chunks come in the order in which they were asked for, or not at all; what does not follow on is asked for
    /// again.
    void take(Message.SeedChunk chunk, Envelope envelope, long nowNanos) {
        if (failed || fileIndex == offer.files().size()) {
            return;
        }
        var file = offer.files().get(fileIndex);
        if (!chunk.file().equals(file.name()) || chunk.offset() != offset) {
            return;
        }
        lastNanos = nowNanos;
        retryNanos = nowNanos + RETRY_NANOS;
        try {
            write(file, chunk.bytes());
        } catch (IOException e) {
            failed = true;
        }
        ask(envelope, nowNanos);
    }

    private void write(Message.SeedFile file, ByteBuffer bytes) throws IOException {
        if (!bytes.hasRemaining() || offset + bytes.remaining() > file.sizeBytes()) {
            failed = true;
            return;
        }
        var open = target;
        if (open == null) {
            open = openCopy(file);
            target = open;
        }
        var copy = WholeFile.blocks(bytes.remaining()).put(bytes.duplicate()).flip();
        open.write(copy, offset);
        offset += bytes.remaining();
        var complete = offset == file.sizeBytes();
        if (complete || offset - flushedBytes >= FLUSH_BYTES) {
            open.force();
            flushedBytes = offset;
            if (progress != null) {
                progress.flushed(file.name(), file.sizeBytes(), offset);
            }
        }
        if (complete) {
            open.close();
            target = null;
            fileIndex++;
            beginFile();
        }
    }

    private LogFile openCopy(Message.SeedFile file) throws IOException {
        var name = file.name() + SeedProgress.COPY_SUFFIX;
        if (offset > 0) {
            return folder.open(name);
        }
        if (folder.exists(name)) {
            folder.delete(name);
        }
        return folder.create(name, file.sizeBytes());
    }

    private void closeTarget() {
        try {
            if (target != null) {
                target.close();
            }
        } catch (IOException e) {
            failed = true;
        }
        target = null;
    }

    /// All files are here. What is wrong with them, so that they must not replace anything. Null: nothing. Blocks.
    @Nullable
    String damage() {
        var checkpoints = offer.files().stream()
                .map(Message.SeedFile::name)
                .filter(name -> !name.endsWith(INDEX))
                .toList();
        return checkpoints.size() == 1
                ? StreamStore.damageOf(folder, checkpoints.getFirst(), SeedProgress.COPY_SUFFIX)
                : "it has checkpoints " + checkpoints + ", one is needed";
    }

    /// The folder holds no checkpoint now: puts the copies in place. The checkpoint comes last, since it names the
    /// others.
    void install() throws IOException {
        for (var file : offer.files()) {
            if (file.name().endsWith(INDEX)) {
                folder.rename(file.name() + SeedProgress.COPY_SUFFIX, file.name());
            }
        }
        folder.sync();
        for (var file : offer.files()) {
            if (!file.name().endsWith(INDEX)) {
                folder.rename(file.name() + SeedProgress.COPY_SUFFIX, file.name());
            }
        }
        folder.sync();
        SeedProgress.clear(folder, Set.of());
    }

    // The peer's side

    /// With their sizes. `names`: of a checkpoint, last, and of its index files.
    static List<Message.SeedFile> files(LogDirectory folder, List<String> names) throws IOException {
        var files = new ArrayList<Message.SeedFile>();
        for (var name : names) {
            files.add(file(folder, name));
        }
        return files;
    }

    private static Message.SeedFile file(LogDirectory folder, String name) throws IOException {
        try (var file = folder.open(name)) {
            return new Message.SeedFile(name, file.sizeBytes());
        }
    }

    static Message.SeedChunk serve(LogDirectory folder, Message.SeedRequest request) {
        var chunk = WholeFile.blocks(CHUNK_BYTES);
        if (NAME.matcher(request.file()).matches() && request.offset() >= 0) {
            try (var file = folder.open(request.file())) {
                file.read(chunk, request.offset());
            } catch (IOException gone) {
                chunk.clear();
            }
        }
        return new Message.SeedChunk(request.epoch(), request.file(), request.offset(), chunk.flip());
    }
}
