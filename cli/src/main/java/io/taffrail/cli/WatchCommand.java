package io.taffrail.cli;

import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "watch",
        mixinStandardHelpOptions = true,
        description =
                "Show what could still be lost, now and at every interval: the leader's watermarks and risk window.")
final class WatchCommand implements Callable<Integer> {
    @Option(names = "--interval", paramLabel = "MILLIS", defaultValue = "1000", description = "default: 1000")
    int intervalMillis;

    @Option(names = "--count", paramLabel = "N", defaultValue = "0", description = "end after so many (default: never)")
    int count;

    @Mixin
    ServerOptions server = new ServerOptions();

    @Mixin
    OutputOptions output = new OutputOptions();

    @Spec
    CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        if (intervalMillis < 1 || count < 0) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--interval is " + intervalMillis + " and --count " + count + ": 1 or more, and 0 or more");
        }
        var out = spec.commandLine().getOut();
        if (!output.json()) {
            out.printf(
                    Locale.ROOT,
                    "%16s %16s %16s %12s %12s %12s%n",
                    "RECEIVED",
                    "FLUSHED",
                    "ON A MAJORITY",
                    "UNFLUSHED",
                    "AGE ms",
                    "RISK ms (MAX)");
        }
        try (var client = server.connect()) {
            var reports = client.watchDurability(intervalMillis, count);
            // `taffrail watch | head`: it ends with whoever reads it.
            while (!out.checkError() && reports.hasNext()) {
                var report = reports.next();
                if (output.json()) {
                    OutputOptions.json(out, report);
                } else {
                    out.printf(
                            Locale.ROOT,
                            "%16d %16d %16d %12s %12.1f %8.1f (%.1f)%s%n",
                            report.getLeaderReceivedLsn(),
                            report.getLeaderFlushedLsn(),
                            report.getQuorumFlushedLsn(),
                            Sizes.bytes(report.getUnflushedBytes()),
                            report.getUnflushedAgeMicros() / 1e3,
                            report.getRiskWindowMicros() / 1e3,
                            report.getRiskWindowBoundMicros() / 1e3,
                            report.getFsyncDisabled() ? " FSYNC IS DISABLED" : "");
                }
            }
        }
        return ExitCode.OK;
    }
}
