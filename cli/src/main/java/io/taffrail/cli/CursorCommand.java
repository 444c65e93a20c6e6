package io.taffrail.cli;

import io.taffrail.proto.log.CursorDescription;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "cursor",
        mixinStandardHelpOptions = true,
        description = "Named places in a stream, kept in the log: where a group of consumers goes on.",
        subcommands = {
            CursorCommand.Get.class,
            CursorCommand.Commit.class,
            CursorCommand.ListCursors.class,
            CursorCommand.Delete.class
        })
final class CursorCommand {
    @Command(name = "get", mixinStandardHelpOptions = true, description = "Show where a cursor stands.")
    static final class Get implements Callable<Integer> {
        @Parameters(index = "0", paramLabel = "STREAM")
        String stream = "";

        @Parameters(index = "1", paramLabel = "CURSOR")
        String cursor = "";

        @Mixin
        ServerOptions server = new ServerOptions();

        @Mixin
        OutputOptions output = new OutputOptions();

        @Spec
        CommandSpec spec = CommandSpec.create();

        @Override
        public Integer call() {
            try (var client = server.connect()) {
                show(spec, output, List.of(client.getCursor(stream, cursor)));
            }
            return ExitCode.OK;
        }
    }

    @Command(name = "commit", mixinStandardHelpOptions = true, description = "Move a cursor, or make it.")
    static final class Commit implements Callable<Integer> {
        @Parameters(index = "0", paramLabel = "STREAM")
        String stream = "";

        @Parameters(index = "1", paramLabel = "CURSOR")
        String cursor = "";

        @Parameters(index = "2", paramLabel = "OFFSET", description = "the next to read")
        long offset;

        @Option(names = "--expect", paramLabel = "OFFSET", description = "only if the cursor stands here")
        @Nullable
        Long expected;

        @Mixin
        ServerOptions server = new ServerOptions();

        @Mixin
        OutputOptions output = new OutputOptions();

        @Spec
        CommandSpec spec = CommandSpec.create();

        @Override
        public Integer call() {
            try (var client = server.connect()) {
                var from = expected == null ? OptionalLong.empty() : OptionalLong.of(expected);
                show(spec, output, List.of(client.commitCursor(stream, cursor, offset, from)));
            }
            return ExitCode.OK;
        }
    }

    @Command(name = "list", mixinStandardHelpOptions = true, description = "List a stream's cursors.")
    static final class ListCursors implements Callable<Integer> {
        @Parameters(index = "0", paramLabel = "STREAM")
        String stream = "";

        @Mixin
        ServerOptions server = new ServerOptions();

        @Mixin
        OutputOptions output = new OutputOptions();

        @Spec
        CommandSpec spec = CommandSpec.create();

        @Override
        public Integer call() {
            try (var client = server.connect()) {
                show(spec, output, client.listCursors(stream));
            }
            return ExitCode.OK;
        }
    }

    @Command(name = "delete", mixinStandardHelpOptions = true, description = "Delete a cursor.")
    static final class Delete implements Callable<Integer> {
        @Parameters(index = "0", paramLabel = "STREAM")
        String stream = "";

        @Parameters(index = "1", paramLabel = "CURSOR")
        String cursor = "";

        @Mixin
        ServerOptions server = new ServerOptions();

        @Override
        public Integer call() {
            try (var client = server.connect()) {
                client.deleteCursor(stream, cursor);
            }
            return ExitCode.OK;
        }
    }

    private static void show(CommandSpec spec, OutputOptions output, List<CursorDescription> cursors) {
        var out = spec.commandLine().getOut();
        if (output.json()) {
            cursors.forEach(cursor -> OutputOptions.json(out, cursor));
            return;
        }
        var table = new Table("CURSOR", "OFFSET", "COMMITTED");
        cursors.forEach(cursor -> table.row(
                cursor.getCursor(),
                String.valueOf(cursor.getOffset()),
                Instant.ofEpochMilli(cursor.getCommittedMillis()).toString()));
        table.print(out);
    }
}
