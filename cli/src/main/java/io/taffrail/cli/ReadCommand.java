package io.taffrail.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "read",
        mixinStandardHelpOptions = true,
        description = "Write a stream's records to standard output, one a line; ends at the stream's end.")
final class ReadCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "STREAM")
    String stream = "";

    @Option(
            names = "--from",
            defaultValue = "earliest",
            paramLabel = "WHERE",
            description = "earliest, latest, an offset, cursor:NAME or time:2026-01-31T12:00:00Z (default: earliest)")
    String from = "";

    @Option(
            names = {"-f", "--follow"},
            description = "wait for what comes")
    boolean follow;

    @Mixin
    ReadOptions options = new ReadOptions();

    @Override
    public Integer call() throws IOException {
        options.copy(stream, ReadOptions.parseFrom(from), follow);
        return ExitCode.OK;
    }
}
