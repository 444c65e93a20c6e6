package io.taffrail.cli;

import io.taffrail.client.Appender;
import io.taffrail.client.AppenderConfig;
import io.taffrail.client.LogClient;
import io.taffrail.client.LogClientException;
import io.taffrail.client.PendingAppend;
import io.taffrail.proto.log.ErrorCode;
import io.taffrail.proto.log.StreamConfig;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "append",
        mixinStandardHelpOptions = true,
        description = {
            "Append a file's lines, or standard input's, each as a record.",
            "A record is appended once and in order, whatever happens to the service meanwhile. If this command itself is"
                    + " interrupted, the same command with the same --producer goes on where it stopped.",
            "How safe it must be --commit-mode and --replication-mode say, otherwise the stream."
        })
final class AppendCommand implements Callable<Integer> {
    // After a crash took acknowledged records, once for each crash.
    private static final int MAX_REWINDS = 1_000;
    private static final Duration LINGER = Duration.ofMillis(5);
    // Of tags and lengths.
    private static final int RECORD_OVERHEAD_BYTES = 64;
    // What no shell reads anything into.
    private static final Pattern PLAIN_WORD = Pattern.compile("[A-Za-z0-9_@%+=:,./-]+");

    @Parameters(index = "0", paramLabel = "STREAM")
    String stream = "";

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "FILE",
            defaultValue = "-",
            description = "default: -, standard input")
    String file = "-";

    @Option(names = "--create", description = "create the stream if it does not exist")
    boolean create;

    @Option(
            names = "--producer",
            paramLabel = "NAME",
            description = "a name for this input, so that an interrupted append can be resumed; one name, one input")
    @Nullable
    String producer;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "LINES",
            description = "${COMPLETION-CANDIDATES} (default: lines)")
    RecordSource.Format format = RecordSource.Format.LINES;

    @Option(names = "--batch-bytes", paramLabel = "SIZE", defaultValue = "512Ki", description = "default: 512Ki")
    String batchBytes = "";

    @Option(names = "--max-record-bytes", paramLabel = "SIZE", defaultValue = "4Mi", description = "default: 4Mi")
    String maxRecordBytes = "";

    @Option(
            names = "--delivery-timeout",
            paramLabel = "SECONDS",
            defaultValue = "120",
            description = "how long to wait for a service that is gone meanwhile (default: 120)")
    int deliveryTimeoutSeconds;

    @Mixin
    LevelOptions levels = new LevelOptions();

    @Mixin
    ServerOptions server = new ServerOptions();

    @Mixin
    OutputOptions output = new OutputOptions();

    @Spec
    CommandSpec spec = CommandSpec.create();

    private volatile boolean begun;
    private volatile boolean finished;

    @Override
    public Integer call() throws IOException {
        if (!isStandardInput() && !Files.exists(Path.of(file))) {
            throw new NoSuchFileException(file);
        }
        if (!isStandardInput() && Files.isDirectory(Path.of(file))) {
            throw new CliException(ExitCode.USAGE, file + " is a folder: name a file");
        }
        // A pipe cannot be read again, so that a name made up here would help no-one. What a shell puts in place of
        // <(...) and a FIFO are pipes, too, though they have a path.
        var rereadable = !isStandardInput() && Files.isRegularFile(Path.of(file));
        var name = producer != null ? producer : rereadable ? "cli-" + UUID.randomUUID() : "";
        var arguments = spec.root().commandLine().getParseResult().originalArgs();
        var resume = rereadable && !name.isEmpty() ? resumeCommand(arguments, producer == null ? name : "") : "";
        var hook = Thread.ofPlatform().unstarted(() -> tellHowToResume(resume));
        Runtime.getRuntime().addShutdownHook(hook);
        try (var client = server.connect()) {
            if (create) {
                client.createStream(stream, StreamConfig.getDefaultInstance(), true);
            } else {
                // That no service is there, or no stream, is told within --timeout; later there is more patience.
                var _ = client.describeStream(stream);
            }
            begun = true;
            append(client, name, rereadable);
            finished = true;
        }
        return ExitCode.OK;
    }

    private boolean isStandardInput() {
        return file.equals("-");
    }

    /// The same command, so that the same records go to the same place, for a shell to read.
    ///
    /// @param arguments as they were given, the first names the command
    /// @param madeUpName empty: they name the producer
    static String resumeCommand(List<String> arguments, String madeUpName) {
        var resumed = new ArrayList<>(arguments);
        if (!madeUpName.isEmpty()) {
            // Not at the end, where a `--` before it would make it a file.
            resumed.addAll(1, List.of("--producer", madeUpName));
        }
        return resumed.stream().map(AppendCommand::quoted).collect(Collectors.joining(" ", "taffrail ", ""));
    }

    private static String quoted(String word) {
        return PLAIN_WORD.matcher(word).matches() ? word : "'" + word.replace("'", "'\\''") + "'";
    }

    private void tellHowToResume(String command) {
        if (begun && !finished && !command.isEmpty()) {
            System.err.println("taffrail: not finished; to go on where it stopped: " + command);
        }
    }

    private void append(LogClient client, String name, boolean rereadable) throws IOException {
        var config = config(name);
        var startNanos = System.nanoTime();
        Started started = null;
        for (var rewinds = 0; ; rewinds++) {
            var appender = client.appender(stream, config);
            try (var source = open()) {
                skip(source, appender.recordsBefore());
                started = started == null ? new Started(source.records(), source.consumedBytes()) : started;
                var appended = appendAll(appender, source, rereadable);
                report(started, appended, source, startNanos);
                return;
            } catch (LogClientException failed) {
                // The log lost what it had acknowledged from memory. A file can be read again from where the log now
                // ends.
                var canRewind = rereadable && failed.code() == ErrorCode.ERROR_CODE_OUT_OF_SEQUENCE;
                if (!canRewind || rewinds == MAX_REWINDS) {
                    throw failed;
                }
                spec.commandLine()
                        .getErr()
                        .println("taffrail: " + failed.getMessage() + "; appending them again from the file");
                closeFailed(appender);
            }
        }
    }

    AppenderConfig config(String name) {
        var mostBatchBytes = Math.toIntExact(Sizes.parse(batchBytes));
        var deliveryTimeout = Duration.ofSeconds(deliveryTimeoutSeconds);
        return AppenderConfig.DEFAULTS
                .modes(levels.commitMode(), levels.replicationMode())
                .producerName(name)
                .maxRequestBytes(maxRequestBytes(mostBatchBytes))
                .batching(mostBatchBytes, 50_000, LINGER)
                .deliveryTimeout(deliveryTimeout)
                // An input larger than what may be in flight waits as long as a smaller one, which only waits at its
                // end; and what could not be delivered is to say so before this does.
                .maxBlock(deliveryTimeout.plusSeconds(2));
    }

    /// The options are the limit. Whether the service takes as much it says itself.
    private int maxRequestBytes(int mostBatchBytes) {
        var mostRecordBytes = Math.addExact(Sizes.parse(maxRecordBytes), RECORD_OVERHEAD_BYTES);
        return Math.toIntExact(
                Math.max(AppenderConfig.DEFAULT_MAX_REQUEST_BYTES, Math.max(mostBatchBytes, mostRecordBytes)));
    }

    private static void closeFailed(Appender appender) {
        try {
            appender.close();
        } catch (LogClientException known) {
            // It says again what it failed with, which has been dealt with.
        }
    }

    private RecordSource open() throws IOException {
        InputStream in = isStandardInput() ? System.in : new FileInputStream(file);
        return new RecordSource(in, format, Math.toIntExact(Sizes.parse(maxRecordBytes)));
    }

    private void skip(RecordSource source, long count) throws IOException {
        while (source.records() < count) {
            if (!source.next()) {
                throw new CliException(
                        ExitCode.USAGE,
                        "producer '%s' has appended %s records to %s, this input has only %s: is it the same input?"
                                .formatted(producer, count, stream, source.records()));
            }
        }
    }

    /// What an earlier run under the same name had appended.
    private record Started(long records, long bytes) {}

    private record Appended(@Nullable PendingAppend last) {}

    private Appended appendAll(Appender appender, RecordSource source, boolean rereadable) throws IOException {
        var total = rereadable ? Files.size(Path.of(file)) : 0;
        var skippedBytes = source.consumedBytes();
        PendingAppend last = null;
        try (var _ = ProgressBar.isWanted() && !output.json()
                ? ProgressBar.start(
                        stream,
                        total - skippedBytes,
                        () -> source.consumedBytes() - skippedBytes,
                        appender::acknowledgedRecords)
                : null) {
            while (source.next()) {
                last = appender.append(source.buffer(), source.recordOffset(), source.recordLength());
            }
            appender.close();
        }
        return new Appended(last);
    }

    private void report(Started started, Appended appended, RecordSource source, long startNanos) {
        var seconds = (System.nanoTime() - startNanos) / 1e9;
        var records = source.records() - started.records();
        var bytes = source.consumedBytes() - started.bytes();
        var lastOffset = offset(appended.last());
        var out = spec.commandLine().getOut();
        if (output.json()) {
            var fields = new LinkedHashMap<String, Object>();
            fields.put("stream", stream);
            fields.put("records", records);
            fields.put("skippedRecords", started.records());
            fields.put("bytes", bytes);
            fields.put("lastOffset", lastOffset);
            fields.put("seconds", seconds);
            OutputOptions.json(out, fields);
            return;
        }
        var place = records == 0 ? "" : ", the last at offset " + lastOffset;
        var already =
                started.records() == 0 ? "" : " (%s were there already)".formatted(Sizes.count(started.records()));
        out.println("%s: %s records%s%s, %s in %s s (%s/s)"
                .formatted(
                        stream,
                        Sizes.count(records),
                        already,
                        place,
                        Sizes.bytes(bytes),
                        String.format(Locale.ROOT, "%.2f", seconds),
                        Sizes.bytes(bytes / seconds)));
    }

    /// The appender is closed, so that all are acknowledged; -1: no record.
    private static long offset(@Nullable PendingAppend append) {
        if (append == null) {
            return -1;
        }
        try {
            return append.acknowledged().get(1, TimeUnit.SECONDS).offset();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return -1;
        } catch (ExecutionException | TimeoutException impossible) {
            throw new IllegalStateException("flushed, and yet not acknowledged", impossible);
        }
    }
}
