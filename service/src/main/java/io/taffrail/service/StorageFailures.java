package io.taffrail.service;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The marks that failed writes and flushes leave in the data directory. One may be an accident, and a restart reads
/// what is really on the disk; two within an hour are a disk that nobody should append to, however often a supervisor
/// starts the process again.
///
/// A line a failure, the newest last, in a file whose block is there before it is needed.
final class StorageFailures {
    static final String FILE = "storage-failures";
    private static final long WINDOW_MILLIS = 3_600_000;
    private static final int BLOCK_BYTES = 4096;
    private static final int LONGEST_MESSAGE = 1000;
    private static final String RECOVERED = "recovered after: ";

    private final Path file;

    private record Failure(Instant time, String message) {
        String line() {
            return time + " " + message + "\n";
        }
    }

    StorageFailures(Path dataDirectory) {
        file = dataDirectory.resolve(FILE);
    }

    /// Makes sure that a failure can be recorded; throws if the newest two say that this storage is not to be used.
    void check() throws IOException {
        // Shorter: a disk without room got it no further, and would not have room for a mark.
        if (!Files.exists(file) || Files.size(file) < BLOCK_BYTES) {
            write(read());
        }
        var failures = read();
        if (failures.size() < 2) {
            return;
        }
        var last = failures.getLast();
        var before = failures.get(failures.size() - 2);
        if (Math.abs(last.time().toEpochMilli() - before.time().toEpochMilli()) < WINDOW_MILLIS) {
            throw new IOException(
                    ("the storage failed twice within an hour, at %s (%s) and at %s (%s): replace the volume, or,"
                                    + " if the device is sound again, delete %s and start again")
                            .formatted(before.time(), before.message(), last.time(), last.message(), file));
        }
    }

    /// Whether one was recorded since [#recovered].
    boolean isNew() throws IOException {
        var failures = read();
        return !failures.isEmpty() && !failures.getLast().message().startsWith(RECOVERED);
    }

    /// A start has read the log after the newest one, and made sure of it.
    void recovered() throws IOException {
        if (!isNew()) {
            return;
        }
        var failures = read();
        var last = failures.removeLast();
        failures.add(new Failure(last.time(), RECOVERED + last.message()));
        write(failures);
    }

    /// Blocks on the disk that has failed: it may well not work.
    void record(Instant now, String message) throws IOException {
        var failures = read();
        var oneLine = message.replaceAll("\\s+", " ");
        failures.add(new Failure(now, oneLine.substring(0, Math.min(oneLine.length(), LONGEST_MESSAGE))));
        write(failures.subList(Math.max(0, failures.size() - 2), failures.size()));
    }

    /// What cannot be read as a failure is none: the file has no checksum, and the worst is one more start.
    private List<Failure> read() throws IOException {
        var failures = new ArrayList<Failure>();
        if (!Files.exists(file)) {
            return failures;
        }
        var text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        for (var line : text.lines().toList()) {
            var failure = parse(line);
            if (failure != null) {
                failures.add(failure);
            }
        }
        return failures;
    }

    private static @Nullable Failure parse(String line) {
        var space = line.indexOf(' ');
        if (space < 0) {
            return null;
        }
        try {
            return new Failure(Instant.parse(line.substring(0, space)), line.substring(space + 1));
        } catch (DateTimeParseException padding) {
            return null;
        }
    }

    private void write(List<Failure> failures) throws IOException {
        var block = ByteBuffer.allocate(BLOCK_BYTES);
        for (var failure : failures) {
            block.put(failure.line().getBytes(StandardCharsets.UTF_8));
        }
        while (block.hasRemaining()) {
            block.put((byte) '\n');
        }
        block.flip();
        try (var channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            while (block.hasRemaining()) {
                channel.write(block, block.position());
            }
            channel.force(true);
        }
    }
}
