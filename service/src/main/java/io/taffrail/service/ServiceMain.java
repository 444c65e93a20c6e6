package io.taffrail.service;

import io.quarkus.arc.Arc;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import io.quarkus.runtime.annotations.QuarkusMain;
import io.smallrye.config.ConfigValidationException;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.stream.IntStream;
import org.eclipse.microprofile.config.ConfigProvider;
import org.jspecify.annotations.Nullable;

/// Begins here: command line, then configuration, then the process. A configuration that cannot be used is refused
/// before anything is opened, in one line a problem.
@QuarkusMain
public final class ServiceMain {
    private static final String SERVE = "serve";
    private static final int DEFAULTS_ORDINAL = 250;

    private static volatile boolean ownsProcess;
    private static volatile boolean started;

    private ServiceMain() {}

    /// The process is this service's, not a test's: it may end it.
    static boolean ownsProcess() {
        return ownsProcess;
    }

    /// All of it, the HTTP port as the last.
    static boolean hasStarted() {
        return started;
    }

    /// What goes on once everything has started.
    public static final class Started implements QuarkusApplication {
        @Override
        public int run(String... arguments) {
            started = true;
            Arc.container().instance(ServiceWiring.class).get().httpOpened();
            Quarkus.waitForExit();
            return ExitCode.STOPPED.status();
        }
    }

    public static void main(String... arguments) {
        // What it says is English, and its numbers have the digits that programs read.
        Locale.setDefault(Locale.ROOT);
        var options = arguments.length > 0 && arguments[0].equals(SERVE)
                ? Arrays.copyOfRange(arguments, 1, arguments.length)
                : arguments;
        var status = ServeCommand.commandLine().execute(options);
        if (status != 0) {
            System.exit(status);
        }
    }

    static int run() {
        var problems = problems();
        if (!problems.isEmpty()) {
            problems.forEach(problem -> System.err.println("taffrail: " + problem));
            return ExitCode.CONFIG_REFUSED.status();
        }
        ownsProcess = true;
        Quarkus.run(Started.class, ServiceMain::ended);
        return ExitCode.STOPPED.status();
    }

    /// Quarkus leaves it to this to say what kept it from starting.
    private static void ended(int status, @Nullable Throwable failure) {
        if (failure != null) {
            System.err.println("taffrail: " + whyNotStarted(failure));
        }
        System.exit(failure == null ? status : ExitCode.FAILED.status());
    }

    private static String whyNotStarted(Throwable failure) {
        var root = failure;
        while (root.getCause() != null && !(root instanceof PortRefusedException)) {
            root = root.getCause();
        }
        var message = String.valueOf(root.getMessage());
        // The only port that Quarkus opens. What epoll throws is no BindException.
        if (root instanceof BindException || (root instanceof IOException && message.startsWith("bind("))) {
            var config = ConfigProvider.getConfig();
            return PortRefusedException.text(
                    "--http-port",
                    config.getValue("quarkus.http.host", String.class),
                    config.getValue("quarkus.http.port", String.class),
                    message);
        }
        return message;
    }

    private static String reason(IOException failure) {
        return failure instanceof NoSuchFileException
                ? failure.getMessage() + " does not exist"
                : String.valueOf(failure.getMessage());
    }

    /// Reads what Quarkus will read, for what [ServiceConfig] and [ServiceSettings] refuse.
    private static List<String> problems() {
        try {
            var config = new SmallRyeConfigBuilder()
                    .addDefaultInterceptors()
                    .addDefaultSources()
                    .addDiscoveredSources()
                    .withSources(
                            new PropertiesConfigSource(quarkusDefaults(), "application.properties", DEFAULTS_ORDINAL))
                    .withMapping(ServiceConfig.class)
                    .build();
            var mapped = config.getConfigMapping(ServiceConfig.class);
            var settings = ServiceSettings.of(mapped);
            if (settings.tls().isPresent()) {
                try {
                    TlsMapping.Material.read(settings.tls().get());
                } catch (IOException unusable) {
                    return List.of("taffrail.tls: " + reason(unusable));
                }
            }
            var threads =
                    ThreadLimit.refusal(ThreadLimit.needed(Runtime.getRuntime().availableProcessors()));
            if (threads != null) {
                return List.of(threads);
            }
            var storage = UnfitStorage.of(settings.dataDirectory());
            return storage == null || mapped.unsafe().storage()
                    ? List.of()
                    : List.of("taffrail.data-dir: " + storage
                            + "; choose a folder on a disk (--data DIR), or allow this one (--unsafe-storage)");
        } catch (ConfigRefusedException refused) {
            return refused.problems();
        } catch (ConfigValidationException refused) {
            return IntStream.range(0, refused.getProblemCount())
                    .mapToObj(index -> refused.getProblem(index).getMessage())
                    .toList();
        }
    }

    static Map<String, String> quarkusDefaults() {
        try (var defaults = ServiceMain.class.getResourceAsStream("/application.properties")) {
            var properties = new Properties();
            if (defaults != null) {
                properties.load(defaults);
            }
            var named = new HashMap<String, String>();
            properties.stringPropertyNames().forEach(name -> named.put(name, properties.getProperty(name)));
            return named;
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }
}
