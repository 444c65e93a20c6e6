package io.taffrail.service;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// The command line: short names for the settings that one process of many differs in. All others are properties.
@Command(
        name = "taffrail serve",
        description = "Runs one replica. Without more it is a cluster of its own.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        footer = {
            "",
            "Every setting is a property (taffrail.*), an environment variable (TAFFRAIL_*) or -D; --settings prints them"
                    + " with their defaults and bounds.",
            "Exit codes: 0 stopped, 2 usage, 70 failed, 74 storage failed, 75 data directory in use"
                    + " or disk full, 78 configuration refused."
        })
final class ServeCommand implements Callable<Integer> {
    @Option(names = "--data", paramLabel = "DIR", description = "${bundle:taffrail.data-dir} (taffrail.data-dir)")
    Optional<String> data = Optional.empty();

    @Option(names = "--listen", paramLabel = "HOST", description = "${bundle:taffrail.listen} (taffrail.listen)")
    Optional<String> listen = Optional.empty();

    @Option(names = "--port", paramLabel = "PORT", description = "${bundle:taffrail.port} (taffrail.port)")
    Optional<String> port = Optional.empty();

    @Option(
            names = "--peer-port",
            paramLabel = "PORT",
            description = "${bundle:taffrail.peer.port} (taffrail.peer.port)")
    Optional<String> peerPort = Optional.empty();

    @Option(names = "--http-port", paramLabel = "PORT", description = "health and metrics (quarkus.http.port)")
    Optional<String> httpPort = Optional.empty();

    @Option(names = "--node-id", paramLabel = "N", description = "${bundle:taffrail.node-id} (taffrail.node-id)")
    Optional<String> nodeId = Optional.empty();

    @Option(
            names = "--voters",
            paramLabel = "LIST",
            description = "${bundle:taffrail.cluster.voters} Makes the cluster static. (taffrail.cluster.voters)")
    Optional<String> voters = Optional.empty();

    @Option(
            names = "--advertise",
            paramLabel = "HOST:PORT",
            description = "${bundle:taffrail.advertised-address} (taffrail.advertised-address)")
    Optional<String> advertise = Optional.empty();

    @Option(
            names = "--advertise-peer",
            paramLabel = "HOST:PORT",
            description = "${bundle:taffrail.peer.advertised-address} (taffrail.peer.advertised-address)")
    Optional<String> advertisePeer = Optional.empty();

    @Option(names = "--config", paramLabel = "FILE", description = "a properties file, of any name")
    Optional<String> config = Optional.empty();

    @Option(
            names = "--ready-file",
            paramLabel = "FILE",
            description = "${bundle:taffrail.ready-file} (taffrail.ready-file)")
    Optional<String> readyFile = Optional.empty();

    @Option(names = "--unsafe-storage", description = "${bundle:taffrail.unsafe.storage} (taffrail.unsafe.storage)")
    boolean unsafeStorage;

    @Option(names = "--json", description = "log lines as JSON")
    boolean json;

    @Option(names = "-D", paramLabel = "NAME=VALUE", description = "any property")
    Map<String, String> properties = new LinkedHashMap<>();

    @Option(names = "--settings", description = "print all settings, as docs/operating/settings.md has them, and end")
    boolean settings;

    static CommandLine commandLine() {
        // What a setting is is looked up only for who asks: a start does without.
        return new CommandLine(new ServeCommand()).setHelpFactory((spec, colors) -> {
            spec.resourceBundle(new SettingsReference.Descriptions());
            return new CommandLine.Help(spec, colors);
        });
    }

    @Override
    public Integer call() {
        if (settings) {
            System.out.print(SettingsReference.page());
            return ExitCode.STOPPED.status();
        }
        var unusable = config.map(ConfigFile::choose);
        if (unusable.isPresent()) {
            System.err.println("taffrail: " + unusable.get());
            return ExitCode.CONFIG_REFUSED.status();
        }
        properties.forEach(System::setProperty);
        set("taffrail.data-dir", data);
        set("taffrail.listen", listen);
        set("taffrail.port", port);
        set("taffrail.peer.port", peerPort);
        set("quarkus.http.port", httpPort);
        set("taffrail.node-id", nodeId);
        set("taffrail.advertised-address", advertise);
        set("taffrail.peer.advertised-address", advertisePeer);
        set("taffrail.ready-file", readyFile);
        if (voters.isPresent()) {
            set("taffrail.cluster.voters", voters);
            System.setProperty("taffrail.cluster.mode", "static");
        }
        if (unsafeStorage) {
            System.setProperty("taffrail.unsafe.storage", "true");
        }
        if (json) {
            System.setProperty("quarkus.log.console.json.enabled", "true");
        }
        return ServiceMain.run();
    }

    private static void set(String property, Optional<String> value) {
        value.ifPresent(text -> System.setProperty(property, text));
    }
}
