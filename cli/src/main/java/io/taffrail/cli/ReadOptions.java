package io.taffrail.cli;

import io.taffrail.client.LogClient;
import io.taffrail.client.LogClientException;
import io.taffrail.client.ReadFrom;
import io.taffrail.client.ReaderConfig;
import io.taffrail.proto.log.Isolation;
import java.io.IOException;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// What `read` and `tail` have in common.
final class ReadOptions {
    enum Level {
        DURABLE,
        REPLICATED,
        BUFFERED
    }

    @Option(
            names = "--isolation",
            paramLabel = "LEVEL",
            defaultValue = "DURABLE",
            description =
                    "durable: on the disks of a majority; replicated: in the memory of a majority; buffered: the leader's"
                            + " own (default: durable)")
    Level isolation = Level.DURABLE;

    @Option(names = "--max", paramLabel = "N", description = "end after so many records")
    long max;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "LINES",
            description = "${COMPLETION-CANDIDATES}; json also shows offset, key and times (default: lines)")
    RecordSink.Format format = RecordSink.Format.LINES;

    @Option(
            names = "--commit-cursor",
            paramLabel = "NAME",
            description = "keep the place in this cursor once the records are written")
    @Nullable
    String commitCursor;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            description = "json is --format json")
    OutputOptions.Output output = OutputOptions.Output.TEXT;

    @Mixin
    ServerOptions server = new ServerOptions();

    /// Copies records to standard output until the end, or until no-one reads it.
    void copy(String stream, ReadFrom from, boolean follow) throws IOException {
        if (max < 0) {
            throw new CliException(ExitCode.USAGE, "--max is " + max + ": 1 or more, 0 for all");
        }
        var config = ReaderConfig.DEFAULTS.from(from).maxRecords(max).isolation(isolation());
        try (var client = server.connect();
                var reader = client.reader(stream, follow ? config.following() : config)) {
            var sink = new RecordSink(output == OutputOptions.Output.JSON ? RecordSink.Format.JSON : format);
            var progress = new ReadProgress(sink, nextOffset -> commit(client, stream, nextOffset), System::nanoTime);
            try {
                while (!reader.isAtEnd()) {
                    var batch = reader.nextBatch(ReadProgress.FLUSH_INTERVAL);
                    progress.read(batch, reader.nextOffset());
                }
            } catch (LogClientException failed) {
                // What came before is shown.
                sink.flush();
                throw failed;
            }
            progress.read(null, reader.nextOffset());
        } catch (IOException closed) {
            // `taffrail read s | head`: whoever reads the output has enough.
            if (!StandardOutput.isBrokenPipe(closed)) {
                throw closed;
            }
        }
    }

    private void commit(LogClient client, String stream, long nextOffset) {
        if (commitCursor != null && nextOffset >= 0) {
            client.commitCursor(stream, commitCursor, nextOffset, OptionalLong.empty());
        }
    }

    private Isolation isolation() {
        return switch (isolation) {
            case DURABLE -> Isolation.ISOLATION_DURABLE;
            case REPLICATED -> Isolation.ISOLATION_REPLICATED;
            case BUFFERED -> Isolation.ISOLATION_BUFFERED;
        };
    }

    /// `earliest`, `latest`, an offset, `cursor:NAME` or `time:2026-01-31T12:00:00Z`.
    static ReadFrom parseFrom(String text) {
        if (text.equalsIgnoreCase("earliest")) {
            return ReadFrom.earliest();
        }
        if (text.equalsIgnoreCase("latest")) {
            return ReadFrom.latest();
        }
        if (text.startsWith("cursor:")) {
            return new ReadFrom.Cursor(text.substring("cursor:".length()));
        }
        try {
            return text.startsWith("time:")
                    ? new ReadFrom.Time(
                            Instant.parse(text.substring("time:".length())).toEpochMilli())
                    : ReadFrom.offset(Long.parseUnsignedLong(text));
        } catch (NumberFormatException | DateTimeParseException wrong) {
            throw new IllegalArgumentException(
                    "--from '" + text + "': earliest, latest, an offset, cursor:NAME or time:2026-01-31T12:00:00Z",
                    wrong);
        }
    }
}
