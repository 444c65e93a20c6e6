package io.taffrail.cli;

import io.taffrail.client.ReadFrom;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "tail", mixinStandardHelpOptions = true, description = "Write a stream's last records.")
final class TailCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "STREAM")
    String stream = "";

    @Option(names = "-n", paramLabel = "N", defaultValue = "10", description = "how many (default: ${DEFAULT-VALUE})")
    long count;

    @Option(
            names = {"-f", "--follow"},
            description = "then wait for what comes")
    boolean follow;

    @Mixin
    ReadOptions options = new ReadOptions();

    @Override
    public Integer call() throws IOException {
        if (count < 0) {
            throw new CliException(ExitCode.USAGE, "-n is " + count + ": 0 or more");
        }
        options.copy(stream, ReadFrom.offset(firstOffset()), follow);
        return ExitCode.OK;
    }

    private long firstOffset() {
        try (var client = options.server.connect()) {
            var described = client.describeStream(stream);
            return Math.max(described.getStartOffset(), described.getNextOffset() - count);
        }
    }
}
