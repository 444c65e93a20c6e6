package io.taffrail.cli;

import io.taffrail.client.LogClientException;
import io.taffrail.proto.log.ErrorCode;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParameterException;

@Command(
        name = "taffrail",
        description = "Append to, read and look after a durable log service.",
        mixinStandardHelpOptions = true,
        versionProvider = Taffrail.Version.class,
        subcommands = {
            AppendCommand.class,
            ReadCommand.class,
            TailCommand.class,
            StreamsCommand.class,
            CursorCommand.class,
            StatusCommand.class,
            WatchCommand.class,
            FlushCommand.class,
            BenchCommand.class,
            WalCommand.class,
            ClusterCommand.class,
            Taffrail.Completion.class,
            HelpCommand.class
        },
        footer = {
            "",
            "From a checkout also: taffrail serve (starts the service), taffrail test (runs every test).",
            "Exit codes: 0 done, 1 refused, 2 wrong usage, 3 no answer (try again), 4 data lost or damaged."
        })
final class Taffrail {
    /// Held here, because the logging of the JDK forgets a level with its logger.
    private static final Logger GRPC = Logger.getLogger("io.grpc");

    public static void main(String[] arguments) {
        // What it says is English, and its numbers have the digits that programs read.
        Locale.setDefault(Locale.ROOT);
        if (System.getenv("TAFFRAIL_DEBUG") == null) {
            // It prints a stack trace of its own where a name cannot be resolved; the refusal says it in a line.
            GRPC.setLevel(Level.OFF);
        }
        System.exit(execute(commandLine(), new FileOutputStream(FileDescriptor.out), arguments));
    }

    /// Done is only what is also shown.
    static int execute(CommandLine command, OutputStream standardOutput, String... arguments) {
        var out = new StandardOutput(standardOutput);
        command.setOut(new PrintWriter(out, true, System.out.charset()));
        var exitCode = command.execute(arguments);
        command.getOut().flush();
        var failure = out.failure();
        if (exitCode != ExitCode.OK || failure == null) {
            return exitCode;
        }
        command.getErr().println("taffrail: standard output: " + firstLine(String.valueOf(failure.getMessage())));
        return ExitCode.USAGE;
    }

    static CommandLine commandLine() {
        return new CommandLine(new Taffrail())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpAutoWidth(true)
                .setParameterExceptionHandler(Taffrail::wrongUsage)
                .setExecutionExceptionHandler((failure, command, parsed) -> report(failure, command));
    }

    private static int wrongUsage(ParameterException wrong, String[] arguments) {
        var command = wrong.getCommandLine();
        var name = command.getCommandSpec().qualifiedName();
        command.getErr()
                .println(name + ": " + firstLine(String.valueOf(wrong.getMessage())) + " (see " + name + " --help)");
        return ExitCode.USAGE;
    }

    /// One line that says what to do. Never a stack trace, unless it is our bug and TAFFRAIL_DEBUG is set.
    private static int report(Exception failure, CommandLine command) {
        var err = command.getErr();
        return switch (failure) {
            case CliException expected -> {
                err.println("taffrail: " + expected.getMessage());
                yield expected.exitCode();
            }
            case LogClientException failed -> report(failed, err);
            case NoSuchFileException missing -> {
                err.println("taffrail: no file " + missing.getFile() + ": check the path");
                yield ExitCode.USAGE;
            }
            case AccessDeniedException denied -> {
                err.println("taffrail: may not read " + denied.getFile() + ": check its permissions");
                yield ExitCode.USAGE;
            }
            case IOException failed -> {
                err.println("taffrail: " + firstLine(String.valueOf(failed.getMessage())));
                yield ExitCode.USAGE;
            }
            case IllegalArgumentException wrong -> {
                err.println("taffrail: " + firstLine(String.valueOf(wrong.getMessage())));
                yield ExitCode.USAGE;
            }
            default -> {
                err.println("taffrail: a bug: " + firstLine(failure.toString()) + " (TAFFRAIL_DEBUG=1 shows where)");
                if (System.getenv("TAFFRAIL_DEBUG") != null) {
                    failure.printStackTrace(err);
                }
                yield ExitCode.INTERNAL;
            }
        };
    }

    private static int report(LogClientException failed, PrintWriter err) {
        return switch (failed.kind()) {
            case REFUSED -> {
                err.println("taffrail: " + firstLine(failed.getMessage()) + adviceFor(failed.code()));
                yield failed.code() == ErrorCode.ERROR_CODE_DATA_LOSS
                                || failed.code() == ErrorCode.ERROR_CODE_OUT_OF_SEQUENCE
                        ? ExitCode.DATA_LOSS
                        : failed.isRetryable() ? ExitCode.UNAVAILABLE : ExitCode.REFUSED;
            }
            case UNAVAILABLE -> {
                err.println("taffrail: no answer: " + firstLine(failed.getMessage())
                        + "; is it running (taffrail serve)" + " and is --server right?");
                yield ExitCode.UNAVAILABLE;
            }
            case TIMED_OUT, BUFFER_FULL -> {
                err.println("taffrail: " + firstLine(failed.getMessage())
                        + "; is it running (taffrail serve)? If so, try again with a longer --timeout");
                yield ExitCode.UNAVAILABLE;
            }
            case CLOSED, PROTOCOL -> {
                err.println("taffrail: " + firstLine(failed.getMessage()) + ": is --server a Taffrail service?");
                yield ExitCode.REFUSED;
            }
        };
    }

    private static String adviceFor(ErrorCode code) {
        return switch (code) {
            case ERROR_CODE_STREAM_NOT_FOUND -> " (make it with: taffrail streams create NAME, or append --create)";
            case ERROR_CODE_STREAM_EXISTS -> " (taffrail streams describe NAME shows it)";
            case ERROR_CODE_FENCED -> " (someone else goes by the same producer name, or raised the fencing token)";
            case ERROR_CODE_OUT_OF_SEQUENCE -> "; append them again from their source";
            case ERROR_CODE_DATA_LOSS -> " (taffrail cluster status shows which replicas are damaged)";
            case ERROR_CODE_BELOW_MINIMUM -> " (ask for a safer --commit-mode or --replication-mode)";
            default -> "";
        };
    }

    static String firstLine(String text) {
        return text.lines().findFirst().orElse("");
    }

    @Command(
            name = "completion",
            description = "Print a completion script: source <(taffrail completion)",
            mixinStandardHelpOptions = true)
    static final class Completion extends GenerateCompletion {}

    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            var version = Taffrail.class.getPackage().getImplementationVersion();
            return new String[] {"taffrail " + (version == null ? "(not packaged)" : version)};
        }
    }
}
