package io.taffrail.cli;

import io.taffrail.proto.log.StreamConfig;
import io.taffrail.proto.log.StreamDescription;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "streams",
        mixinStandardHelpOptions = true,
        description = "List, create, describe, change, trim and delete streams.",
        subcommands = {
            StreamsCommand.ListStreams.class,
            StreamsCommand.Create.class,
            StreamsCommand.Describe.class,
            StreamsCommand.Update.class,
            StreamsCommand.Trim.class,
            StreamsCommand.Delete.class
        })
final class StreamsCommand {
    @Command(name = "list", mixinStandardHelpOptions = true, description = "List streams by name.")
    static final class ListStreams implements Callable<Integer> {
        @Parameters(
                index = "0",
                arity = "0..1",
                paramLabel = "PREFIX",
                defaultValue = "",
                description = "only names that start so")
        String prefix = "";

        @Mixin
        ServerOptions server = new ServerOptions();

        @Mixin
        OutputOptions output = new OutputOptions();

        @Spec
        CommandSpec spec = CommandSpec.create();

        @Override
        public Integer call() {
            try (var client = server.connect()) {
                show(spec, output, client.listStreams(prefix));
            }
            return ExitCode.OK;
        }
    }

    /// What a stream may be told at its creation and later.
    static final class ConfigOptions {
        @Mixin
        LevelOptions levels = new LevelOptions();

        @Option(
                names = "--minimum-commit-mode",
                paramLabel = "MODE",
                description = "refuse appends that ask for less: async or sync")
        LevelOptions.@Nullable Commit minimumCommit;

        @Option(
                names = "--minimum-replication-mode",
                paramLabel = "MODE",
                description = "refuse less: async, quorum or all")
        LevelOptions.@Nullable Replication minimumReplication;

        @Option(names = "--retention-age", paramLabel = "ISO", description = "as in P7D or PT12H; 0: for ever")
        @Nullable
        String retentionAge;

        @Option(names = "--retention-bytes", paramLabel = "SIZE", description = "as in 10Gi; 0: no limit")
        @Nullable
        String retentionBytes;

        @Option(names = "--label", paramLabel = "KEY=VALUE", description = "may be given several times")
        Map<String, String> labels = new LinkedHashMap<>();

        /// What is not said stays as it is in `before`.
        StreamConfig over(StreamConfig before) {
            var config = before.toBuilder();
            if (levels.commit != null) {
                config.setCommitMode(levels.commitMode());
            }
            if (levels.replication != null) {
                config.setReplicationMode(levels.replicationMode());
            }
            if (minimumCommit != null) {
                config.setMinimumCommitMode(LevelOptions.of(minimumCommit));
            }
            if (minimumReplication != null) {
                config.setMinimumReplicationMode(LevelOptions.of(minimumReplication));
            }
            if (retentionAge != null) {
                config.setRetentionMillis(
                        retentionAge.equals("0")
                                ? 0
                                : Duration.parse(retentionAge).toMillis());
            }
            if (retentionBytes != null) {
                config.setRetentionBytes(Sizes.parse(retentionBytes));
            }
            return config.putAllLabels(labels).build();
        }
    }

    @Command(
            name = "create",
            mixinStandardHelpOptions = true,
            description = "Create a stream. Modes that are not named are the cluster's.")
    static final class Create implements Callable<Integer> {
        @Parameters(index = "0", paramLabel = "STREAM")
        String stream = "";

        @Option(names = "--if-not-exists", description = "succeed, and change nothing, if it is there")
        boolean ifNotExists;

        @Mixin
        ConfigOptions config = new ConfigOptions();

        @Mixin
        ServerOptions server = new ServerOptions();

        @Mixin
        OutputOptions output = new OutputOptions();

        @Spec
        CommandSpec spec = CommandSpec.create();

        @Override
        public Integer call() {
            try (var client = server.connect()) {
                var created = client.createStream(stream, config.over(StreamConfig.getDefaultInstance()), ifNotExists);
                show(spec, output, List.of(created));
            }
            return ExitCode.OK;
        }
    }

    @Command(name = "describe", mixinStandardHelpOptions = true, description = "Show one stream.")
    static final class Describe implements Callable<Integer> {
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
                var described = client.describeStream(stream);
                var out = spec.commandLine().getOut();
                if (output.json()) {
                    OutputOptions.json(out, described);
                } else {
                    details(described).forEach((key, value) -> out.printf("%-22s %s%n", key, value));
                }
            }
            return ExitCode.OK;
        }
    }

    @Command(
            name = "update",
            mixinStandardHelpOptions = true,
            description = "Change a stream's configuration; what is not named stays.")
    static final class Update implements Callable<Integer> {
        @Parameters(index = "0", paramLabel = "STREAM")
        String stream = "";

        @Mixin
        ConfigOptions config = new ConfigOptions();

        @Mixin
        ServerOptions server = new ServerOptions();

        @Mixin
        OutputOptions output = new OutputOptions();

        @Spec
        CommandSpec spec = CommandSpec.create();

        @Override
        public Integer call() {
            try (var client = server.connect()) {
                var before = client.describeStream(stream).getConfig();
                show(spec, output, List.of(client.updateStream(stream, config.over(before))));
            }
            return ExitCode.OK;
        }
    }

    @Command(name = "trim", mixinStandardHelpOptions = true, description = "Forget the records before an offset.")
    static final class Trim implements Callable<Integer> {
        @Parameters(index = "0", paramLabel = "STREAM")
        String stream = "";

        @Parameters(index = "1", paramLabel = "OFFSET", description = "the first to keep")
        long offset;

        @Mixin
        ServerOptions server = new ServerOptions();

        @Mixin
        OutputOptions output = new OutputOptions();

        @Spec
        CommandSpec spec = CommandSpec.create();

        @Override
        public Integer call() {
            try (var client = server.connect()) {
                show(spec, output, List.of(client.trimStream(stream, offset)));
            }
            return ExitCode.OK;
        }
    }

    @Command(name = "delete", mixinStandardHelpOptions = true, description = "Delete a stream and its records.")
    static final class Delete implements Callable<Integer> {
        @Parameters(index = "0", paramLabel = "STREAM")
        String stream = "";

        @Mixin
        ServerOptions server = new ServerOptions();

        @Override
        public Integer call() {
            try (var client = server.connect()) {
                client.deleteStream(stream);
            }
            return ExitCode.OK;
        }
    }

    private static void show(CommandSpec spec, OutputOptions output, List<StreamDescription> streams) {
        var out = spec.commandLine().getOut();
        if (output.json()) {
            streams.forEach(stream -> OutputOptions.json(out, stream));
            return;
        }
        var table = new Table("STREAM", "FIRST", "NEXT", "SIZE", "COMMIT", "REPLICATION");
        streams.forEach(stream -> table.row(
                stream.getStream(),
                String.valueOf(stream.getStartOffset()),
                String.valueOf(stream.getNextOffset()),
                Sizes.bytes(stream.getSizeBytes()),
                LevelOptions.name(stream.getConfig().getCommitMode()),
                LevelOptions.name(stream.getConfig().getReplicationMode())));
        table.print(out);
    }

    private static Map<String, String> details(StreamDescription stream) {
        var config = stream.getConfig();
        var lines = new LinkedHashMap<String, String>();
        lines.put("stream", stream.getStream());
        lines.put("first offset", String.valueOf(stream.getStartOffset()));
        lines.put("next offset", String.valueOf(stream.getNextOffset()));
        lines.put("size", Sizes.bytes(stream.getSizeBytes()));
        lines.put("commit mode", LevelOptions.name(config.getCommitMode()));
        lines.put("replication mode", LevelOptions.name(config.getReplicationMode()));
        lines.put(
                "least that is allowed",
                LevelOptions.name(config.getMinimumCommitMode()) + " + "
                        + LevelOptions.name(config.getMinimumReplicationMode()));
        lines.put(
                "kept for",
                config.getRetentionMillis() == 0
                        ? "ever"
                        : Duration.ofMillis(config.getRetentionMillis()).toString());
        lines.put("kept up to", config.getRetentionBytes() == 0 ? "any size" : Sizes.bytes(config.getRetentionBytes()));
        lines.put("created", Instant.ofEpochMilli(stream.getCreatedMillis()).toString());
        lines.put(
                "last append",
                stream.getLastAppendMillis() == 0
                        ? "none"
                        : Instant.ofEpochMilli(stream.getLastAppendMillis()).toString());
        if (stream.hasFencingToken()) {
            lines.put("fencing token", String.valueOf(stream.getFencingToken()));
        }
        config.getLabelsMap().forEach((key, value) -> lines.put("label " + key, value));
        return lines;
    }
}
