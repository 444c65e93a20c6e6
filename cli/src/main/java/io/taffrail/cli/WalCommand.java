package io.taffrail.cli;

import io.taffrail.wal.RecoveryReport;
import io.taffrail.wal.WalInspector;
import io.taffrail.wal.io.file.FileLogDirectory;
import io.taffrail.wal.record.EntryType;
import io.taffrail.wal.segment.SegmentName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.StringJoiner;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "wal",
        mixinStandardHelpOptions = true,
        description = "Look at a log's files, offline; nothing is changed.",
        subcommands = {WalCommand.Inspect.class, WalCommand.Verify.class})
final class WalCommand {
    @Command(
            name = "inspect",
            mixinStandardHelpOptions = true,
            description = "List the segments and what is in them, up to the first defect of each.")
    static final class Inspect implements Callable<Integer> {
        @Parameters(index = "0", paramLabel = "DIR", description = "a service's data folder, or the log's folder in it")
        Path folder = Path.of("");

        @Option(names = "--entries", description = "show every entry")
        boolean showEntries;

        @Mixin
        OutputOptions output = new OutputOptions();

        @Spec
        CommandSpec spec = CommandSpec.create();

        @Override
        public Integer call() throws IOException {
            try (var directory = FileLogDirectory.openReadOnly(logFolder(folder))) {
                var inspector = new WalInspector(directory);
                for (var segment : inspector.segments()) {
                    show(inspector, segment);
                }
            }
            return ExitCode.OK;
        }

        private void show(WalInspector inspector, WalInspector.SegmentSummary segment) throws IOException {
            var out = spec.commandLine().getOut();
            var types = new EnumMap<EntryType, Integer>(EntryType.class);
            var groups = new int[1];
            var endLsn = new long[1];
            var stopped = "";
            var header = segment.header();
            if (header != null) {
                stopped = inspector.read(
                        segment.name(),
                        group -> {
                            groups[0]++;
                            endLsn[0] = group.header().endLsn();
                        },
                        entry -> {
                            types.merge(entry.type(), 1, Integer::sum);
                            if (showEntries) {
                                out.println(String.format(
                                        Locale.ROOT,
                                        "  lsn %s epoch %s %s, %s bytes, crc %08x",
                                        entry.lsn(),
                                        entry.epoch(),
                                        entry.type(),
                                        entry.lengthBytes(),
                                        entry.crc()));
                            }
                        });
            }
            var entries = types.values().stream().mapToInt(Integer::intValue).sum();
            if (output.json()) {
                var fields = new LinkedHashMap<String, Object>();
                fields.put("segment", segment.name());
                fields.put("sizeBytes", segment.sizeBytes());
                fields.put("prepared", segment.prepared());
                if (header != null) {
                    fields.put("baseLsn", header.baseLsn());
                    fields.put("endLsn", Math.max(header.baseLsn(), endLsn[0]));
                    fields.put("groups", groups[0]);
                    fields.put("entries", entries);
                    fields.put("stopped", stopped);
                }
                OutputOptions.json(out, fields);
                return;
            }
            if (header == null) {
                out.println(segment.name() + "  " + Sizes.bytes(segment.sizeBytes())
                        + (segment.prepared() ? "  prepared, not used yet" : "  no valid header"));
                return;
            }
            var kinds = new StringJoiner(", ");
            types.forEach((type, count) ->
                    kinds.add(count + " " + type.name().toLowerCase(Locale.ROOT).replace('_', ' ')));
            out.println("%s  %s  LSN %s to %s, %s groups, %s entries (%s); ends: %s"
                    .formatted(
                            segment.name(),
                            Sizes.bytes(segment.sizeBytes()),
                            header.baseLsn(),
                            Math.max(header.baseLsn(), endLsn[0]),
                            groups[0],
                            entries,
                            kinds,
                            stopped));
        }
    }

    @Command(
            name = "verify",
            mixinStandardHelpOptions = true,
            description = "Check every byte of the log and say what recovery would; exit code 4 if it is corrupt.")
    static final class Verify implements Callable<Integer> {
        @Parameters(index = "0", paramLabel = "DIR", description = "a service's data folder, or the log's folder in it")
        Path folder = Path.of("");

        @Mixin
        OutputOptions output = new OutputOptions();

        @Spec
        CommandSpec spec = CommandSpec.create();

        @Override
        public Integer call() throws IOException {
            try (var directory = FileLogDirectory.openReadOnly(logFolder(folder))) {
                var found = new WalInspector(directory).verify();
                var out = spec.commandLine().getOut();
                if (output.json()) {
                    var fields = new LinkedHashMap<String, Object>();
                    fields.put("verdict", found.verdict().name());
                    fields.put("startLsn", found.startLsn());
                    fields.put("endLsn", found.endLsn());
                    fields.put("epoch", found.lastEpoch());
                    fields.put("entries", found.entries());
                    fields.put("bytesRead", found.bytesRead());
                    fields.put("detail", found.detail());
                    OutputOptions.json(out, fields);
                } else {
                    out.println("%s: LSN %s to %s, epoch %s, %s entries, %s read; %s"
                            .formatted(
                                    found.verdict().name().toLowerCase(Locale.ROOT),
                                    found.startLsn(),
                                    found.endLsn(),
                                    found.lastEpoch(),
                                    Sizes.count(found.entries()),
                                    Sizes.bytes(found.bytesRead()),
                                    found.detail()));
                }
                return found.verdict() == RecoveryReport.Verdict.CORRUPT ? ExitCode.DATA_LOSS : ExitCode.OK;
            }
        }
    }

    /// The folder that holds the segments: this one or one below it.
    private static Path logFolder(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new NoSuchFileException(folder.toString());
        }
        try (var files = Files.walk(folder, 3)) {
            return files.filter(file -> SegmentName.matches(file.getFileName().toString()))
                    .findFirst()
                    .map(file -> file.toAbsolutePath().getParent())
                    .orElseThrow(() -> new CliException(
                            ExitCode.USAGE,
                            "no log segment in " + folder + " or below: is it a service's data folder?"));
        }
    }
}
