package io.taffrail.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
        name = "flush",
        mixinStandardHelpOptions = true,
        description = "Wait until everything that was appended before is safe (default: sync + quorum).")
final class FlushCommand implements Callable<Integer> {
    @Mixin
    LevelOptions levels = new LevelOptions();

    @Mixin
    ServerOptions server = new ServerOptions();

    @Mixin
    OutputOptions output = new OutputOptions();

    @Spec
    CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        try (var client = server.connect()) {
            var flushed = client.flush(levels.commitMode(), levels.replicationMode());
            var out = spec.commandLine().getOut();
            if (output.json()) {
                OutputOptions.json(out, flushed);
            } else {
                out.println("flushed up to LSN " + flushed.getLsn() + " in epoch " + flushed.getEpoch());
            }
        }
        return ExitCode.OK;
    }
}
